"""Drives the normaliser, the relay and replays of a running ingest by hand."""

from typing import Any

from mediaops_common.events import decode
from mediaops_ingest.archive.relay import ArchiveRelay
from mediaops_ingest.normaliser.shards import HeldShards
from mediaops_ingest.normaliser.source_book import SourceBook
from mediaops_ingest.normaliser.worker import Normaliser
from mediaops_ingest.replays.worker import Replayer

from tests.ingest.running import Ingest


class Spine:
    """One holder of all shards."""

    def __init__(self, ingest: Ingest) -> None:
        runtime = ingest.runtime
        self.ingest = ingest
        self.held = HeldShards(runtime.database, "tests")
        self.book = SourceBook(runtime.database, runtime.keys.box)
        arguments = (runtime.database, ingest.log, self.book, self.held, runtime.clock)
        self.normaliser = Normaliser(*arguments)
        self.replayer = Replayer(*arguments)
        self.relay = ArchiveRelay(runtime.database, runtime.bus, self.held, self.normaliser)

    async def start(self) -> "Spine":
        await self.held.acquire()
        await self.relay.start()
        return self

    async def run(self) -> None:
        """Until nothing is left to do."""
        while True:
            await self.book.refresh()
            busy = await self.normaliser.step()
            busy = await self.replayer.step() or busy
            busy = await self.relay.step() or busy
            if not busy:
                return

    async def published(self, topic: str = "mediaops.activity") -> list[Any]:
        """The events on the bus, partition by partition, in order."""
        return [event for _, event in await self.enveloped(topic)]

    async def enveloped(self, topic: str = "mediaops.activity") -> list[Any]:
        """The same, each with its envelope."""
        bus = self.ingest.runtime.bus
        found = []
        for partition in range((await bus.topic(topic)).partitions):
            chunk = await bus.read(topic, partition, 0, 100_000)
            for record in chunk.records if chunk else ():
                if record.kind == "event":
                    found.append(decode(record.value))
        return found

    async def quality(self) -> dict[str, int]:
        """The counters of all sources and days together."""
        answer = await self.ingest.call("GET", "/quality")
        assert answer.status_code == 200, answer.text
        total: dict[str, int] = {}
        for item in answer.json()["items"]:
            assert item["residual"] == 0
            for name, value in item.items():
                if isinstance(value, int):
                    total[name] = total.get(name, 0) + value
        return total


async def spine_of(ingest: Ingest) -> Spine:
    return await Spine(ingest).start()
