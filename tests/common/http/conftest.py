from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from mediaops_common.logs import configure_logs
from mediaops_common.settings import LogSettings

from tests.common.http.fake import Running, running


@pytest.fixture(autouse=True, scope="session")
def _logs() -> None:
    configure_logs(LogSettings(format="json"))


@pytest.fixture
async def fake(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as started:
        yield started


@pytest.fixture
async def owner(fake: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with fake.client(**fake.bearer()) as client:
        yield client
