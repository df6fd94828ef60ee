"""Starts the command in a process of its own, as people do."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MEDIAOPS = [sys.executable, "-m", "mediaops_common.cli"]
ONLY_INGEST = {"MEDIAOPS_SERVICES": '["ingest"]'}


def environment(**more: str) -> dict[str, str]:
    """The environment without what would change the command's mind."""
    kept = {name: value for name, value in os.environ.items() if "MEDIAOPS" not in name}
    return kept | {"MEDIAOPS_LOG_FORMAT": "json"} | more


def mediaops(*arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs one command to its end."""
    return subprocess.run(
        [*MEDIAOPS, *map(str, arguments)],
        env=environment(**(ONLY_INGEST | more)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Up:
    """A running `mediaops up` on a free port."""

    def __init__(self, process: "subprocess.Popen[str]", link: str) -> None:
        self.process = process
        self.link = link
        self.url, _, self.token = link.partition("/#token=")
        self.data = Path()

    def get(self, path: str, token: str | None = None) -> tuple[int, Any]:
        bearer = {"Authorization": f"Bearer {token or self.token}"}
        request = urllib.request.Request(self.url + path, headers=bearer)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def end(self, number: int = signal.SIGTERM) -> int:
        """The exit status; fails when it takes more than ten seconds."""
        self.process.send_signal(number)
        return self.process.wait(timeout=10)


@contextmanager
def up(data: Path, *arguments: object, **more: str) -> Iterator[Up]:
    """`mediaops up`, from its printed link until it is ended."""
    process = subprocess.Popen(
        [*MEDIAOPS, "up", "--data", str(data), "--port", "0", *map(str, arguments)],
        env=environment(**(ONLY_INGEST | more)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert "/#token=" in line, (line, process.poll())
        yield Up(process, line.split()[-1])
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()


def wait_until_gone(pid: int, seconds: float = 5) -> bool:
    """Whether that process ends in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False
