"""The rehearsed stack, spoken to through its gateway as the tests of the system speak to any."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.rehearsal.composed import read_env
from tests.rehearsal.stack import Stack
from tests.system.running import System, free_port

__all__ = ["RehearsedSystem", "init_env", "rehearsed"]


def init_env(folder: Path, *options: str) -> Path:
    """What an operator does first."""
    command = [sys.executable, "-m", "mediaops_common.cli", "init-env", "--directory", folder]
    subprocess.run([*command, *options], check=True, capture_output=True)
    return folder


class RehearsedSystem(System):
    """`start` begins every container that does not run; `kill` and `stop` end our own, while Kafka
    and PostgreSQL go on. Its data directory is the folder of secrets."""

    def __init__(self, folder: Path, **environment: str) -> None:
        port = free_port()
        init_env(folder, "--listen", f"127.0.0.1:{port}")
        self.stack = Stack(folder)
        super().__init__(folder / "secrets", port=port, **environment)
        self.public_url = read_env(folder / ".env")["PUBLIC_URL"]

    def _start(
        self,
        command: Sequence[str],
        services: Sequence[str],
        wait: float,
        environment: dict[str, str],
    ) -> None:
        given = {k: v for k, v in (self.environment | environment).items() if k in OF_TESTS}
        if "MEDIAOPS_CLOCK" in given or "MEDIAOPS_FAILPOINTS" in given:
            given["MEDIAOPS_PRODUCTION"] = "false"  # it refuses both
        began = time.monotonic()
        self.stack.start(**given)
        print(f"{self.stack.printed}\nall are healthy after {time.monotonic() - began:.0f} s")
        self.process = self.stack.running["ingest-api"]
        operator = {"workspace": "*", "role": "operator"}
        body = {"slug": "default", "name": "Default", "timezone": "Asia/Shanghai"}
        made = self.call("POST", "/ingest/v1/workspaces", body, **operator)
        assert made.status_code in (201, 409), made.text

    def output(self) -> str:
        return "".join(self.stack.output(name) for name in self.stack.own())

    def kill(self) -> None:
        for name in list(self.stack.own()):
            self.stack.kill(name)
        self.process = None

    def stop(self) -> int:
        codes = [self.stack.stop(name) for name in list(self.stack.own())]
        self.process = None
        return max(codes)

    def close(self) -> None:
        self.http.close()
        self.stack.close()


OF_TESTS = {"MEDIAOPS_CLOCK", "MEDIAOPS_FAILPOINTS"}
"""What a test may add to the environment that compose.yaml gives."""


@contextmanager
def rehearsed(folder: Path, **environment: str) -> Iterator[RehearsedSystem]:
    """A started one; nothing of it is left at the end."""
    system = RehearsedSystem(folder, **environment)
    try:
        system.start()
        yield system
    finally:
        system.close()
