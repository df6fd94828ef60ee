"""One running system per module: starting one costs seconds."""

import pytest

from tests.system.running import a_system


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    with a_system(tmp_path_factory.mktemp("system")) as running:
        yield running
