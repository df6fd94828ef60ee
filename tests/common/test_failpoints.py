"""Failpoints act where and when they were told to, and nowhere else."""

import signal
import subprocess
import sys

import pytest
from mediaops_common import failpoints


@pytest.fixture(autouse=True)
def _disarmed():
    yield
    failpoints.arm("")


def test_nothing_happens_unless_a_name_is_armed():
    failpoints.hit("door.after_commit")
    failpoints.arm("other.place=raise")
    failpoints.hit("door.after_commit")


def test_a_numbered_failpoint_acts_at_that_hit_only():
    failpoints.arm("door.after_commit=raise@3")
    failpoints.hit("door.after_commit")
    failpoints.hit("door.after_commit")
    with pytest.raises(failpoints.FailpointHit):
        failpoints.hit("door.after_commit")
    failpoints.hit("door.after_commit")


def test_kill_ends_the_process_at_once():
    code = (
        "from mediaops_common import failpoints as f;"
        "f.arm_from_environment(production=False); f.hit('a.b'); print('alive')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={"MEDIAOPS_FAILPOINTS": "a.b=kill"},
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (-signal.SIGKILL, b"")


def test_production_mode_refuses_failpoints(monkeypatch):
    monkeypatch.setenv("MEDIAOPS_FAILPOINTS", "a.b=kill")
    with pytest.raises(SystemExit):
        failpoints.arm_from_environment(production=True)


@pytest.mark.parametrize("rules", ["a.b", "a.b=explode", "a.b=kill@0", "a b=kill"])
def test_what_is_not_understood_is_refused(rules):
    with pytest.raises(ValueError, match="not a failpoint"):
        failpoints.arm(rules)
