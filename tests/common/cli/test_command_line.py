"""The command itself: light to start, forgiving with plugins, plain in what it prints."""

import importlib.metadata
import json
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from mediaops_common.cli import main as command_line
from mediaops_common.cli.main import root
from mediaops_common.cli.printing import print_json, print_rows
from typer.testing import CliRunner

HEAVY = ["fastapi", "sqlalchemy", "sqlmodel", "uvicorn", "alembic", "httpx", "rich.console"]


def loaded_by(code: str) -> set[str]:
    script = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(json.loads(found.stdout.splitlines()[-1]))


def test_making_a_token_loads_no_web_framework() -> None:
    code = (
        "from mediaops_common.cli.main import root\n"
        "arguments = '--data /nowhere --workspace a --role owner'.split()\n"
        "try: root(['token', 'create', *arguments])\n"
        "except SystemExit: pass\n"
    )
    assert not loaded_by(code) & set(HEAVY)


def test_the_process_loads_no_plugin_and_no_tool() -> None:
    modules = loaded_by("import mediaops_common.cli.process, mediaops_common.cli.up")
    names = {
        "mediaops_simulator",
        "mediaops_bench",
        "hypothesis",
        "pytest",
        "httpx",
    }
    assert not modules & names


def test_help_names_every_command() -> None:
    shown = CliRunner().invoke(root, ["--help"]).output
    for name in command_line.OWN:
        assert f"  {name} " in shown


def test_an_unknown_command_is_refused() -> None:
    assert CliRunner().invoke(root, ["nonsense"]).exit_code == 2


def test_a_plugin_that_cannot_be_loaded_spoils_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = EntryPoint("broken", "no_such_module:command", "mediaops.commands")
    monkeypatch.setattr(command_line, "entry_points", lambda group: [broken])
    shown = CliRunner().invoke(root, ["--help"])
    assert shown.exit_code == 0
    assert "no_such_module" in shown.output
    called = CliRunner().invoke(root, ["broken"])
    assert called.exit_code == 1


def test_a_plugin_may_be_a_plain_function(monkeypatch: pytest.MonkeyPatch) -> None:
    class Point:
        name = "hello"

        def load(self) -> Any:
            def hello(who: str = "nobody") -> None:
                print(f"hello {who}")

            return hello

    monkeypatch.setattr(command_line, "entry_points", lambda group: [Point()])
    called = CliRunner().invoke(root, ["hello", "--who", "world"])
    assert called.output == "hello world\n"


def test_the_installed_plugins_have_entry_points() -> None:
    names = {point.name for point in importlib.metadata.entry_points(group="mediaops.commands")}
    assert {"simulate", "bench"} <= names


def test_rows_are_aligned_and_cannot_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"name": "小王", "active_days": 3, "ok": True},
        {"name": "x\x1b[2J", "active_days": None, "ok": False},
    ]
    print_rows(rows, ["name", "active_days", "ok"])
    assert capsys.readouterr().out == (
        "name   active days  ok\n小王   3            yes\nx\ufffd[2J  -            no\n"
    )
    print_rows([], ["name"])
    assert capsys.readouterr().out == "nothing\n"
    print_json({"name": "小王"})
    assert json.loads(capsys.readouterr().out) == {"name": "小王"}


def test_links_of_the_files_are_right() -> None:
    for target in command_line.OWN.values():
        module = target.partition(":")[0].rsplit(".", 1)[1]
        assert (Path(command_line.__file__).parent / f"{module}.py").exists()
