from mediaops_common.ids import workspace_id
from mediaops_content.channels import repository
from mediaops_content.channels.models import KnownChannel

from tests.builders import a_channel, a_workspace
from tests.content.running import DOUYIN, RunningContent


async def _channel(content: RunningContent) -> KnownChannel | None:
    async with content.runtime.database.read() as session:
        return await repository.find(session, workspace_id("acme"), DOUYIN)


async def test_an_older_event_does_not_undo_a_newer_one(content: RunningContent) -> None:
    await content.hear(
        a_channel(DOUYIN, version=3, name="new"), a_channel(DOUYIN, version=2, name="old")
    )
    channel = await _channel(content)
    assert channel is not None
    assert (channel.name, channel.version) == ("new", 3)


async def test_a_renamed_workspace_keeps_its_newest_state(content: RunningContent) -> None:
    await content.hear(
        a_workspace("acme", version=5, timezone="Europe/Berlin"),
        a_workspace("acme", version=4, timezone="UTC"),
    )
    async with content.client() as client:
        me = (await client.get("/content/v1/me")).json()
    assert me["timezone"] == "Europe/Berlin"
