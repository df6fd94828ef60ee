"""One running system per module and runtime: starting one costs seconds."""

import os

import pytest

from tests.system.running import a_system


@pytest.fixture(scope="module")
def system(tmp_path_factory, runtime):
    with a_system(tmp_path_factory.mktemp("system"), runtime) as running:
        yield running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Behind the gateway each start is that of seventeen processes."""
    if os.environ.get("TEST_RUNTIME") == "compose":
        for item in items:
            item.add_marker(pytest.mark.timeout(2_400), append=False)
