from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.builders import a_channel, a_workspace, channel
from tests.databases import Backend
from tests.insights.builders import a_source
from tests.insights.running import RunningInsights, running_insights


@pytest.fixture
async def insights(tmp_path: Path, backend: Backend) -> AsyncIterator[RunningInsights]:
    """The service with workspaces `acme` and `globex`.

    acme has the channels `main` (douyin, organisation), `side` (wechat-oa, individual).
    """
    async with running_insights(tmp_path, backend=backend) as running:
        await running.hear(
            a_workspace("acme"),
            a_workspace("globex"),
            a_channel(channel("main")),
            a_channel(channel("side"), platform="wechat-oa", owner_kind="individual"),
            a_source("main", channel("main")),
            a_source("side", channel("side")),
            a_channel(channel("foreign"), workspace="globex"),
        )
        yield running


@pytest.fixture
def acme(insights: RunningInsights) -> httpx.AsyncClient:
    return insights.client("acme")


@pytest.fixture
def globex(insights: RunningInsights) -> httpx.AsyncClient:
    return insights.client("globex")
