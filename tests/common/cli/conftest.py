from collections.abc import Iterator

import pytest

from tests.common.cli.processes import Up, up


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One `mediaops up` for the tests of a module that only look at it."""
    data = tmp_path_factory.mktemp("up")
    with up(data) as running:
        running.data = data
        yield running
