"""A company whose numbers are right, whichever replica of which service made them."""

import itertools
import threading
from pathlib import Path

import pytest

from tests.rehearsal.programs import missing
from tests.rehearsal.system import RehearsedSystem, rehearsed
from tests.simulator.verified import assert_no_difference, run_simulation
from tests.system.running import SERVICES

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.timeout(3_600),
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
]

PAUSE = 4.0
"""Seconds between two deaths: a worker is back for a while before the next one goes."""


def test_two_replicas_of_each_differ_in_nothing_while_workers_die(tmp_path: Path) -> None:
    with rehearsed(tmp_path) as system:
        for service in SERVICES:
            for role in ("api", "worker"):
                system.stack.replicate(f"{service}-{role}")
        is_over = threading.Event()
        deaths: list[str] = []
        killer = threading.Thread(target=kill_workers, args=(system, is_over, deaths))
        killer.start()
        try:
            small = ("--seed", "3", "--days", "12", "--scale", "0.3", "--live", "60")
            status, outcome = run_simulation(system.data, "--url", system.url, *small)
        finally:
            is_over.set()
            killer.join()
        print(f"{outcome['activities']} activities in {outcome['seconds']} s; died: {deaths}")
        assert set(deaths) == {f"{service}-worker" for service in SERVICES}
        assert_no_difference(status, outcome)
        assert outcome["verification"]["compared"] > 30_000


def kill_workers(system: RehearsedSystem, is_over: threading.Event, deaths: list[str]) -> None:
    """One of the two workers of a service after the other, each with kill -9; it starts again."""
    for service in itertools.cycle(SERVICES):
        if is_over.wait(PAUSE):
            return
        name = f"{service}-worker"
        system.stack.kill(name)
        deaths.append(name)
        system.stack.start({name})
