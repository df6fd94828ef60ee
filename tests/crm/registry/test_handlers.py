"""Workspaces and channels are kept as of their newest version."""

import httpx
from mediaops_common.migrations import drift
from mediaops_crm.main import CRM

from tests.builders import a_channel, a_workspace, channel
from tests.crm.running import RunningCrm, get


async def test_an_older_version_changes_nothing(crm: RunningCrm) -> None:
    await crm.hear(a_workspace("late", version=2, timezone="Europe/Berlin"))
    await crm.hear(a_workspace("late", version=1, timezone="Asia/Kolkata"))
    found = await crm.runtime.workspaces.find("late")
    assert found is not None
    assert found.timezone == "Europe/Berlin"


async def test_a_channel_may_be_told_again(crm: RunningCrm, acme: httpx.AsyncClient) -> None:
    added = channel("added")
    await crm.hear(a_channel(added, version=2), a_channel(added), a_channel(added, version=3))
    await get(acme, "/stickiness", channel_id=added)


async def test_the_migration_makes_what_the_models_say(crm: RunningCrm) -> None:
    assert await drift(crm.runtime.database, CRM.versions, CRM.metadata) == []
