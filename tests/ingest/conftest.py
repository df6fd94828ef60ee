"""Fixtures for the tests of ingest."""

import pytest

from tests.ingest.running import running


@pytest.fixture(autouse=True)
def patient_door(monkeypatch):
    """A busy machine may take longer to look a source up than platforms wait for."""
    monkeypatch.setattr("mediaops_ingest.door.cache.READ_SECONDS", 60)


@pytest.fixture
async def ingest(tmp_path, backend):
    async with running(tmp_path, backend=backend) as started:
        yield started
