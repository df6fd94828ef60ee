"""A machine without Java, Maven, PostgreSQL and the like: its tests pass and say what was left out,
those of .ci/run fail."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import kafka_broker

ROOT = Path(__file__).parents[1]
FILES = (
    "tests/common/test_kafka_bus.py",
    "tests/common/test_postgresql.py",
    "tests/console/test_lines.py",
    "tests/rehearsal/test_gateway.py",
)
"""Each needs something of that machine's; what needs nothing passes."""

ONE_EACH = (
    "tests/common/test_kafka_bus.py::TestKafkaBus::test_a_rewind_repeats",
    "tests/common/test_postgresql.py::test_every_connection_hears_that_its_server_is_gone_without_a_word",
    "tests/console/test_page.py::test_without_a_token_the_page_says_which_command_makes_a_link",
    "tests/rehearsal/test_gateway.py::test_the_composed_system_works_through_its_gateway",
)
"""The first files' tests, and one that wants a browser."""

LINES = (
    "Kafka was left out: install Java 17 or newer and Maven",
    "PostgreSQL was left out: install it",
    "The lines that the page prints were left out: install sh, curl",
    "The rehearsal was left out: install",
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]


def run_tests(nothing: Path, *options: str, **environment: str) -> tuple[int, str]:
    """The status and the output of those files where PATH leads to `nothing`."""
    ours = ("TEST_", "PYTEST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    bare = {"PATH": str(nothing), "TEST_POSTGRESQL": str(nothing)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "not nightly", "--color=no", *options],
        cwd=ROOT,
        env=kept | bare | environment,
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_what_is_not_there_is_left_out_and_told_in_a_line_each(tmp_path: Path) -> None:
    status, told = run_tests(tmp_path, "-n", "2", *FILES)
    assert status == 0, told
    lines = told.splitlines()
    assert [sum(line.startswith(begin) for line in lines) for begin in LINES] == [1, 1, 1, 1], told
    assert sum("left out" in line for line in lines) == len(LINES), told
    assert " skipped" in lines[-1]


def test_where_all_is_to_be_tested_what_is_left_out_fails(tmp_path: Path) -> None:
    status, told = run_tests(tmp_path, *ONE_EACH, TEST_COMPLETE="1")
    assert status == 1, told
    assert f" {len(ONE_EACH)} errors in " in told.splitlines()[-1], told


@pytest.mark.parametrize(
    ("told", "can_run"),
    [
        ("openjdk 17.0.15", True),
        ("java 21", True),
        ("java 11.0.2", False),
        ("java 1.8.0_452", False),
    ],
)
def test_a_java_that_is_too_old_for_kafka_is_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, can_run: bool
) -> None:
    name, version = told.split()
    for program in ("java", "mvn"):
        (tmp_path / program).write_text(f"#!/bin/sh\necho '{name} version \"{version}\"' >&2\n")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert kafka_broker.can_run.__wrapped__() is can_run
