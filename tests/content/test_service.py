"""The service as a whole: what it hears by the bus, and its migration."""

import asyncio

import httpx
from mediaops_common.bus.port import Record
from mediaops_common.events import ChannelSaved, encode
from mediaops_common.ids import new_id, slot_of
from mediaops_common.migrations import drift
from mediaops_common.workers import run_workers
from mediaops_content.database import METADATA
from mediaops_content.main import CONTENT

from tests.builders import a_channel
from tests.content.builders import a_content, publication_of
from tests.content.running import NOW, RunningContent


def _record(event: ChannelSaved) -> Record:
    key = str(event.channel_id).encode()
    value = encode(event, source="/ingest", time=NOW, workspace_id=event.workspace_id)
    return Record(key, value, "ingest", 0, slot_of(key), 1)


async def test_a_channel_is_heard_of_by_the_bus_while_a_registration_waits(
    content: RunningContent, acme: httpx.AsyncClient
) -> None:
    content.runtime.state["owner"] = "test"
    patient = content.runtime.settings.model_copy(update={"channel_wait_seconds": 10})
    content.runtime.settings = patient
    stopping = asyncio.Event()
    workers = asyncio.create_task(run_workers(content.runtime, stopping))
    try:
        made, channel = await a_content(acme), new_id()
        body = publication_of(made, channel_id=str(channel))
        waiting = asyncio.create_task(acme.post("/content/v1/publications", json=body))
        bus = content.runtime.bus
        identity = await bus.topic("mediaops.channel")
        record = _record(a_channel(channel))
        await bus.publish("mediaops.channel", record.slot % identity.partitions, [record])
        assert (await waiting).status_code == 201
    finally:
        stopping.set()
        await workers


async def test_the_migration_makes_what_the_models_say(content: RunningContent) -> None:
    assert await drift(content.runtime.database, CONTENT.versions, METADATA) == []
