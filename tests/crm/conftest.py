from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.builders import a_channel, a_workspace, channel
from tests.crm.running import RunningCrm, running_crm
from tests.databases import Backend


@pytest.fixture
async def crm(tmp_path: Path, backend: Backend) -> AsyncIterator[RunningCrm]:
    """The service with workspaces `acme` and `globex`; acme has the channels `main` and `side`."""
    async with running_crm(tmp_path, backend=backend) as running:
        await running.hear(
            a_workspace("acme"),
            a_workspace("globex"),
            a_channel(channel("main")),
            a_channel(channel("side")),
            a_channel(channel("foreign"), workspace="globex"),
        )
        yield running


@pytest.fixture
def acme(crm: RunningCrm) -> httpx.AsyncClient:
    return crm.client("acme")


@pytest.fixture
def globex(crm: RunningCrm) -> httpx.AsyncClient:
    return crm.client("globex")
