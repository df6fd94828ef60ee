"""A whole system in one process, for the tests that need one."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.system.running import engines

MEDIAOPS = str(Path(sys.executable).parent / "mediaops")


@dataclass(frozen=True)
class System:
    url: str
    data: Path


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory, runtime: str) -> Iterator[System]:
    """`mediaops up` on a free port, with a data directory of its own."""
    data = tmp_path_factory.mktemp("simulated")
    log = (data / "log").open("w")
    process = subprocess.Popen(
        [MEDIAOPS, "up", "--port", "0", "--data", str(data)],
        env={**os.environ, **engines(runtime)},
        stdout=log,
        stderr=log,
    )
    try:
        yield System(_ready(process, data), data)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(120)
        log.close()


def _ready(process: subprocess.Popen[bytes], data: Path) -> str:
    for _ in range(3_000):
        if process.poll() is not None:
            break
        if (data / "url").exists():
            url = (data / "url").read_text().strip()
            if url and _answers(url):
                return url
        time.sleep(0.1)
    raise RuntimeError(f"mediaops did not start: {(data / 'log').read_text()[-2000:]}")


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ingest/health/ready", timeout=5).is_success
    except httpx.HTTPError:
        return False
