"""The relay onto the bus, and reading from it, beside storing and decoding alone."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import lz4.block
import msgspec
from mediaops_common.bus.port import Assigned, Chunk, Consumer, Record
from mediaops_common.events import Topic
from mediaops_common.ids import new_id

from mediaops_bench.company import CHANNELS, Company
from mediaops_bench.deliveries import deliveries
from mediaops_bench.figures import Figure, Sample
from mediaops_bench.machine import Usage
from mediaops_bench.place import is_distributed
from mediaops_bench.rounds import Effort, in_turns
from mediaops_bench.spine import Spine, a_spine

__all__ = ["measure"]

ACTS = 200_000
"""A round of 20,000 was over in a seventh of a second."""
READ_AT_ONCE = 4_000
WANTED_DISTRIBUTED = 100_000


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
        (
            "onto the bus",
            "store",
            "records as blobs into SQLite, one commit each partition",
            "publish",
        ),
        ("from the bus", "decode", "the same blobs decoded from memory", "read"),
    ):
        for name, unit in (("rate", "events/s"), ("cpu rate", "events/CPU-s")):
            figures.append(Figure(group, told, rounds.spread(bare, name), unit))
            value, ratios = rounds.spread(ours, name), {"bare": rounds.ratio(ours, bare, name)}
            what = "the archive's relay" if ours == "publish" else "a consumer's reads"
            wanted, is_met = "", None
            if ours == "publish" and name == "rate" and is_distributed():
                wanted, is_met = f"≥ {WANTED_DISTRIBUTED:,}", value.middle >= WANTED_DISTRIBUTED
            figures.append(Figure(group, what, value, unit, ratios, wanted, is_met))
    return figures


class _Load:
    """The same number of events on each way."""

    def __init__(self, spine: Spine, acts: int, folder: Path) -> None:
        self.spine, self.acts, self.folder = spine, acts, folder
        self.company = Company([hook.channel for hook in spine.hooks])
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

    async def _read(self, wanted: int) -> list[list[Record]]:
        """The first records of the log by a group of its own, in chunks as they came."""
        consumer = await self.bus.consumer(f"bench-{new_id()}", [str(Topic.activity)], _from_start)
        chunks: list[list[Record]] = []
        try:
            while wanted > 0:
                for chunk in await consumer.poll(READ_AT_ONCE, 1.0):
                    chunks.append(list(chunk.records))
                    wanted -= len(chunk.records)
        finally:
            await consumer.close()
        return chunks

    async def store(self) -> Sample:
        parts = await self._read(self.acts)
        path = self.folder / f"bare-{new_id()}.db"
        used = Usage()
        await asyncio.to_thread(_store, path, parts)
        return _sample(sum(map(len, parts)), used.stop())

    async def read(self) -> Sample:
        """Joining the group is no part of it: on Kafka that takes seconds once."""
        consumer = await self.bus.consumer(f"bench-{new_id()}", [str(Topic.activity)], _from_start)
        try:
            read = sum(len(chunk.records) for chunk in await _first(consumer))
            met = read
            used = Usage()
            while read < self.acts:
                read += sum(len(c.records) for c in await consumer.poll(READ_AT_ONCE, 1.0))
            return _sample(read - met, used.stop())
        finally:
            await consumer.close()

    async def decode(self) -> Sample:
        parts = await self._read(self.acts)
        blobs = [blob for part in parts for blob in _blobs(part)]
        decoder = msgspec.msgpack.Decoder(list[Record])
        used = Usage()
        read = sum(len(decoder.decode(lz4.block.decompress(blob))) for blob in blobs)
        return _sample(read, used.stop())


async def _from_start(assigned: Sequence[Assigned]) -> Sequence[int]:
    return [one.bounds.start for one in assigned]


async def _first(consumer: Consumer) -> list[Chunk]:
    """A few records of what is assigned first."""
    while not (chunks := await consumer.poll(1, 1.0)):
        pass
    return chunks


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
