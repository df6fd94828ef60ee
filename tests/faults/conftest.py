"""For the tests of faults."""

import random

import pytest

from tests.faults.installation import chance_of


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """What draws the moments of a test's faults."""
    return chance_of(request.node.name)
