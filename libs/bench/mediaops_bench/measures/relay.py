"""The relay onto the embedded bus, and reading from it, beside storing and decoding alone."""

import asyncio
import sqlite3
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import lz4.block
import msgspec
from mediaops_common.bus.embedded import EmbeddedBus
from mediaops_common.bus.port import Record
from mediaops_common.events import Topic
from mediaops_common.ids import new_id

from mediaops_bench.company import CHANNELS, Company
from mediaops_bench.deliveries import deliveries
from mediaops_bench.figures import Figure, Sample
from mediaops_bench.machine import Usage
from mediaops_bench.rounds import Effort, in_turns
from mediaops_bench.spine import Spine, a_spine

__all__ = ["measure"]

ACTS = 20_000
READ_AT_ONCE = 4_000


async def measure(effort: Effort) -> list[Figure]:
    """Publishes what the normaliser archived; reads all of it again."""
    with tempfile.TemporaryDirectory(prefix="mediaops-bench-") as folder:
        async with a_spine(Path(folder), effort.count(CHANNELS, 5)) as spine:
            load = _Load(spine, effort.count(ACTS, 100), Path(folder))
            await load.publish()  # there is something to read in the first round
            variants = {
                "store": load.store,
                "publish": load.publish,
                "decode": load.decode,
                "read": load.read,
            }
            rounds = await in_turns(variants, effort.rounds)
    figures = []
    for group, bare, told, ours in (
        ("onto the bus", "store", "records as blobs, one commit for each partition", "publish"),
        ("from the bus", "decode", "the same blobs decoded from memory", "read"),
    ):
        for name, unit in (("rate", "events/s"), ("cpu rate", "events/CPU-s")):
            figures.append(Figure(group, told, rounds.spread(bare, name), unit))
            ratios = {"bare": rounds.ratio(ours, bare, name)}
            what = "the archive's relay" if ours == "publish" else "a consumer's reads"
            figures.append(Figure(group, what, rounds.spread(ours, name), unit, ratios))
    return figures


class _Load:
    """The same number of events on each way."""

    def __init__(self, spine: Spine, acts: int, folder: Path) -> None:
        self.spine, self.acts, self.folder = spine, acts, folder
        self.company = Company([hook.channel for hook in spine.hooks])
        assert isinstance(spine.ingest.runtime.bus, EmbeddedBus)
        self.bus = spine.ingest.runtime.bus

    async def _archive(self) -> None:
        waiting = deliveries(
            self.company,
            self.spine.sources,
            form="list",
            count=self.acts // 10,
            items=10,
            moment=datetime.now(UTC),
        )
        await self.spine.log(waiting)
        await self.spine.normalise()

    async def publish(self) -> Sample:
        await self._archive()
        used = Usage()
        await self.spine.publish()
        return _sample(self.acts, used.stop())

    async def _records(self) -> list[list[Record]]:
        """So many records of each partition, from the beginning of the log."""
        found = []
        for partition in range((await self.bus.topic(str(Topic.activity))).partitions):
            chunk = await self.bus.read(str(Topic.activity), partition, 0, self.acts // 2)
            found.append(list(chunk.records) if chunk else [])
        return found

    async def store(self) -> Sample:
        parts = await self._records()
        path = self.folder / f"bare-{new_id()}.db"
        used = Usage()
        await asyncio.to_thread(_store, path, parts)
        return _sample(sum(map(len, parts)), used.stop())

    async def read(self) -> Sample:
        await self._records()
        read = 0
        used = Usage()
        for partition in range(2):
            offset = 0
            while read < self.acts:
                chunk = await self.bus.read(str(Topic.activity), partition, offset, READ_AT_ONCE)
                if chunk is None:
                    break
                read, offset = read + len(chunk.records), chunk.next_offset
        return _sample(read, used.stop())

    async def decode(self) -> Sample:
        parts = await self._records()
        blobs = [blob for part in parts for blob in _blobs(part)]
        decoder = msgspec.msgpack.Decoder(list[Record])
        used = Usage()
        read = sum(len(decoder.decode(lz4.block.decompress(blob))) for blob in blobs)
        return _sample(read, used.stop())


def _blobs(records: list[Record]) -> list[bytes]:
    encode, compress = msgspec.msgpack.encode, lz4.block.compress
    return [compress(encode(records[at : at + 500])) for at in range(0, len(records), 500)]


def _store(path: Path, parts: list[list[Record]]) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE segment (blob BLOB)")
    for part in parts:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO segment VALUES (?)", [(b,) for b in _blobs(part)])
        connection.execute("COMMIT")
    connection.close()
    path.unlink()


def _sample(events: int, used: Usage) -> Sample:
    return {"rate": events / used.seconds, "cpu rate": events / max(used.cpu, 0.001)}
