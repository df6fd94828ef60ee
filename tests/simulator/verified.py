"""`mediaops simulate --verify` against a system that runs, and what it must say."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.simulator.conftest import MEDIAOPS


def run_simulation(data: Path, *options: str) -> tuple[int, Any]:
    done = subprocess.run(
        [MEDIAOPS, "simulate", "--json", "--verify", "--data", str(data), *options],
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def assert_no_difference(status: int, outcome: Any) -> None:
    verification = outcome["verification"]
    assert verification["first"] == [], verification
    assert (status, verification["differences"]) == (0, 0)
    assert {area["name"] for area in verification["areas"]} == {
        "stickiness",
        "histogram",
        "retention",
        "growth",
        "metrics",
        "corrections",
        "compare",
        "quality",
        "replay",
        "audit",
    }
