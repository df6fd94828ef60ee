"""Properties over a sample in the check, and over the full counts at night."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

from tests.examples import examples

__all__ = ["counts", "over"]


def counts(sample: int, full: int) -> pytest.MarkDecorator:
    """Gives a test `count`: `sample`, and in a second one that is nightly `full`."""
    nightly = pytest.param(full, marks=[pytest.mark.nightly, pytest.mark.timeout(1800)])
    return pytest.mark.parametrize("count", [sample, nightly])


def over(count: int, *strategies: SearchStrategy[Any]) -> Callable[[Callable[..., None]], None]:
    """Runs what it decorates at once, over so many examples. Machines may be slow."""
    patient = settings(
        max_examples=examples(count),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )

    def run(holds: Callable[..., None]) -> None:
        patient(given(*strategies)(holds))()

    return run
