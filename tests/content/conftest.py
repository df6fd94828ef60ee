from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.content.running import RunningContent, running_content
from tests.databases import Backend


@pytest.fixture
async def content(tmp_path: Path, backend: Backend) -> AsyncIterator[RunningContent]:
    async with running_content(tmp_path, backend=backend) as running:
        yield running


@pytest.fixture
async def acme(content: RunningContent) -> AsyncIterator[httpx.AsyncClient]:
    async with content.client("acme") as client:
        yield client


@pytest.fixture
async def globex(content: RunningContent) -> AsyncIterator[httpx.AsyncClient]:
    async with content.client("globex") as client:
        yield client
