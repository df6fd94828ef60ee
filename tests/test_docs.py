"""What is written is true as far as a machine can tell."""

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from mediaops_common.cli.main import root

ROOT = Path(__file__).parents[1]
LAUNCHER = {"check", "test"}
"""What `./run` does itself."""


@cache
def pages() -> tuple[Path, ...]:
    """Every Markdown file of the repository, written down already or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    paths = sorted(ROOT / name for name in listed.split("\0") if name)
    return tuple(path for path in paths if path.is_file())


PAGES = [pytest.param(path, id=str(path.relative_to(ROOT))) for path in pages()]


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^ *```.*?^ *```", "", text, flags=re.M | re.S))


def anchors(page: Path) -> set[str]:
    """The anchors of the headings, as they are made from the text."""
    made = set()
    for heading in re.findall(r"^#+ (.+)$", page.read_text(), re.M):
        plain = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
        made.add(plain.strip().replace(" ", "-"))
    return made


@pytest.mark.parametrize("page", PAGES)
def test_every_link_resolves(page: Path) -> None:
    text = page.read_text()
    broken = []
    for link in re.findall(
        r"\]\(([^)\s]+)\)", without_code(text.replace("[`", "[").replace("`]", "]"))
    ):
        if re.match(r"(https?|mailto):", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


DECISIONS = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
PARTS = ["Context", "Decision", "Consequences", "What enforces it"]


def test_every_decision_is_listed_with_its_title() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text()
    assert [path.name[:4] for path in DECISIONS] == [
        f"{number:04}" for number in range(1, len(DECISIONS) + 1)
    ]
    for path in DECISIONS:
        number, title = path.read_text().partition("\n")[0].removeprefix("# ").split(" ", 1)
        assert f"| [{number}]({path.name}) | {title} |" in index


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_all_of_its_parts_on_one_page(path: Path) -> None:
    text = path.read_text()
    assert re.findall(r"^## (.+)$", text, re.M) == PARTS
    assert len(text.splitlines()) <= 60
    assert "](../../" in text.partition("## What enforces it")[2], "name the tests"


def commands_in(text: str) -> list[list[str]]:
    """The words after `mediaops` or `./run` in code, up to what the shell does with them."""
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", text, re.M | re.S)
    spans = re.findall(r"`([^`\n]+)`", text)
    found = []
    for code in [*(line for block in blocks for line in block.splitlines()), *spans]:
        for words in re.findall(r"(?:\./run|\bmediaops)((?: +(?:'[^']*'|[^\s|;&)]+))+)", code):
            found.append(words.split())
    return found


def fault_of(words: list[str]) -> str | None:
    """What is wrong with a command line; None when there is such a command with such options."""
    command: Any = typer.main.get_command(root)
    context = typer.Context(command)
    for word in words:
        if word.startswith("-"):
            break
        if not hasattr(command, "get_command"):
            break
        if word.isupper() or word in {"…", "..."}:
            return None
        found = command.get_command(context, word)
        if found is None:
            return f"there is no {word}"
        command = found
    known = {name for parameter in command.params for name in parameter.opts}
    known |= {name for parameter in command.params for name in parameter.secondary_opts}
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    unknown = given - known - {"--help"}
    return f"there is no {', '.join(sorted(unknown))}" if unknown else None


@pytest.mark.parametrize("page", PAGES)
def test_every_command_exists_with_its_options(page: Path) -> None:
    faults = {}
    for words in commands_in(page.read_text()):
        if words[0] in LAUNCHER or not re.match(r"[a-z]", words[0]):
            continue
        for choice in words[0].split("/"):
            fault = fault_of([choice, *words[1:]])
            if fault:
                faults[" ".join(words)] = fault
    assert faults == {}


def test_a_command_that_does_not_exist_is_found() -> None:
    text = (
        "```sh\n./run parked list --all-of-it | head\n```\n `mediaops fly` `mediaops token create`"
    )
    faults = [fault_of(words) for words in commands_in(text)]
    assert faults == ["there is no --all-of-it", "there is no fly", None]


def test_the_guide_to_compose_names_what_means_another_workspace() -> None:
    """A composed system has no workspace `default`, unless somebody made it."""
    command: Any = typer.main.get_command(root)
    context = typer.Context(command)
    meant = {
        name
        for name in command.list_commands(context)
        for parameter in command.get_command(context, name).params
        if (parameter.name, parameter.default) == ("workspace", "default")
    }
    (sentence,) = re.findall(
        r"[^.]*need `--workspace acme`", (ROOT / "docs/guides/compose.md").read_text()
    )
    assert meant == set(re.findall(r"`(\w+)`", sentence))


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_that_is_named_is_a_setting(page: Path) -> None:
    settings = (ROOT / "docs/settings.md").read_text()
    known = set(re.findall(r"`(MEDIAOPS_[A-Z_]+)`", settings))
    client = {"MEDIAOPS_URL", "MEDIAOPS_TOKEN"}
    assert set(re.findall(r"\bMEDIAOPS_[A-Z_]*[A-Z]\b", page.read_text())) - known - client == set()


def test_every_guide_is_reached_from_the_first_page() -> None:
    text = (ROOT / "README.md").read_text()
    guides = {path.name for path in (ROOT / "docs/guides").glob("*.md")}
    assert guides == set(re.findall(r"docs/guides/([\w-]+\.md)\)", text))


def test_every_command_is_in_the_change_log() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    command: Any = typer.main.get_command(root)
    missing = [n for n in command.list_commands(typer.Context(command)) if f"`{n}`" not in text]
    assert missing == []
