"""One running system per module and runtime: starting one costs seconds."""

import pytest

from tests.system.running import a_system


@pytest.fixture(scope="module")
def system(tmp_path_factory, runtime):
    with a_system(tmp_path_factory.mktemp("system"), runtime) as running:
        yield running
