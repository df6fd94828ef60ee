import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from mediaops_common.logs import configure_logs
from mediaops_common.settings import LogSettings

from tests.common.http.fake import Running, running, settings_on
from tests.databases import Backend


@pytest.fixture(autouse=True, scope="session")
def _logs() -> None:
    configure_logs(LogSettings(format="json"))


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with keys and tables, to be copied: making it takes longer than a test."""
    folder = tmp_path_factory.mktemp("template")

    async def make() -> None:
        async with running(folder):
            pass

    asyncio.run(make())
    return folder


@pytest.fixture
async def fake(tmp_path: Path, template: Path, backend: Backend) -> AsyncIterator[Running]:
    common = None
    if backend.name == "sqlite":
        shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    else:
        common = await settings_on(backend, tmp_path)
    async with running(tmp_path, common=common) as started:
        yield started


@pytest.fixture
async def owner(fake: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with fake.client(**fake.bearer()) as client:
        yield client
