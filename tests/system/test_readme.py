"""The README's first webhook, its lines run one by one in a plain sh, shows its effect."""

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.system.running import a_system

ROOT = Path(__file__).parents[2]
NEEDED = ("sh", "curl", "openssl", "python3")
MISSING = [tool for tool in NEEDED if shutil.which(tool) is None]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        bool(MISSING), reason=f"The README's lines were left out: install {', '.join(MISSING)}"
    ),
]


def blocks() -> list[str]:
    text = (ROOT / "README.md").read_text()
    section = text.split("## A first webhook", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


class Shell:
    """One sh that lives on from line to line, as a terminal does."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            ["sh"],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, line: str) -> str:
        """What the line prints; it must succeed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\nprintf '\\n@@done %s\\n' $?\n")
        self.process.stdin.flush()
        printed: list[str] = []
        for out in self.process.stdout:
            if out.startswith("@@done"):
                assert out.split()[1] == "0", f"{line}\n{''.join(printed)}"
                return "".join(printed)
            printed.append(out)
        raise AssertionError(f"sh ended at: {line}\n{''.join(printed)}")

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)
        assert self.process.stdout is not None
        self.process.stdout.close()


def shown(shell: Shell, lines: list[str]) -> dict[str, dict]:
    """The answers of the block that shows the effect, by the route they came from."""
    found = {}
    for line in lines:
        printed = shell.run(line)
        if line.startswith("call"):
            route = re.search(r"/(quality|stickiness|query|overview)", line)
            assert route is not None
            found[route[1]] = json.loads(printed)
    return found


def has_effect(answers: dict[str, dict]) -> bool:
    quality = answers["quality"]["items"]
    values = {item["metric"]: item["value"] for item in answers["query"]["items"]}
    today = {item["metric"]: item["today"] for item in answers["overview"]["metrics"]}
    return (
        sum(item["normalised"] for item in quality) == 2
        and sum(item["duplicates"] for item in quality) == 1
        and answers["stickiness"]["items"][-1]["dau"] == 2
        and (values["views"], values["likes"]) == (1, 1)
        and (today["views"], today["likes"]) == (1, 1)
    )


def test_the_first_webhook_of_the_readme_works_line_by_line(tmp_path, runtime) -> None:
    setup, connect, sign, post, effect, proof = blocks()
    with a_system(tmp_path, runtime) as system:
        shell = Shell({"MEDIAOPS_DATA": str(system.data)})
        try:
            for block in (setup, connect):
                for line in block.strip().splitlines():
                    shell.run(line)
            for line in sign.strip().splitlines():
                printed = shell.run(line)
            assert "202" in printed.splitlines()[0]
            for line in post.strip().splitlines():
                printed = shell.run(line)
            assert json.loads(printed)["accepted"] == 1
            sent = time.monotonic()
            while not has_effect(answers := shown(shell, effect.strip().splitlines())):
                assert time.monotonic() - sent < 300, answers
            print(f"the effect showed within {time.monotonic() - sent:.1f} s")
            assert "0" in shell.run(proof.strip())
        finally:
            shell.close()


def test_both_commands_come_first() -> None:
    text = (ROOT / "README.md").read_text()
    assert text.index("./run up --demo") < text.index("./run test") < text.index("curl")
