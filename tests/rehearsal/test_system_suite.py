"""The whole suite of the system, through the gateway's port."""

import os
import re
import subprocess
import sys

import pytest

from tests.rehearsal.composed import ROOT
from tests.rehearsal.programs import missing

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.timeout(5_400),
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
]


OTHERS = ("test_carrying.py", "test_replicas.py")
"""They start systems of their own beside this one: a data directory that moves, bare replicas."""


def test_every_test_of_the_system_holds_behind_the_gateway() -> None:
    left_out = [f"--ignore=tests/system/{name}" for name in OTHERS]
    options = ["-q", "-s", "-n", "0", "-m", "not nightly"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/system", *options, *left_out],
        cwd=ROOT,
        env={**os.environ, "TEST_RUNTIME": "compose"},
        capture_output=True,
        text=True,
        check=False,
    )
    table, _, _ = done.stdout.partition("all are healthy")
    print(table, done.stdout[-6_000:], sep="\n")
    assert done.returncode == 0, done.stdout[-12_000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 30
    assert re.search("path of postgres +/run/secrets", table)
