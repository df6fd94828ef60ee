"""A benchmark is judged: by its targets, and by those of the engines that it ran on."""

import subprocess
import sys

import pytest
from mediaops_bench.place import is_distributed

PROGRAM = """
import sys
from mediaops_bench import command
from mediaops_bench.figures import Figure, Spread

async def measure(effort):
    return [
        Figure("one", "without a target", Spread.of([1.0]), "s"),
        Figure("one", "with", Spread.of([1.0]), "s", wanted="2", is_met=sys.argv[1] == "met"),
    ]

command.measure = lambda name: measure
command.bench(["idle"], as_json=sys.argv[2] == "json", seconds=1.0, rounds=1, scale=0.001)
"""


@pytest.mark.slow
@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(("outcome", "status"), [("met", 0), ("missed", 1)])
def test_a_target_that_is_not_met_shows_in_the_status(outcome: str, status: int, form: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, outcome, form], capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stderr
    assert "without a target" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("database", "bus", "expected"),
    [
        ("postgresql://a@b/{service}", "kafka://c:9092", True),
        ("postgresql://a@b/{service}", "sqlite:///d.db", False),
        ("sqlite:///e/{service}.db", "sqlite:///d.db", False),
        ("sqlite:///e/{service}.db", "kafka://c:9092", False),
    ],
)
def test_only_postgresql_with_kafka_has_targets_of_its_own(
    monkeypatch: pytest.MonkeyPatch, database: str, bus: str, expected: bool
) -> None:
    monkeypatch.setenv("MEDIAOPS_DATABASE_URL", database)
    monkeypatch.setenv("MEDIAOPS_BUS_URL", bus)
    assert is_distributed() is expected
