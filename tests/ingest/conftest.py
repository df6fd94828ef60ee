"""Fixtures for the tests of ingest."""

import pytest

from tests.ingest.running import running


@pytest.fixture
async def ingest(tmp_path, backend):
    async with running(tmp_path, backend=backend) as started:
        yield started
