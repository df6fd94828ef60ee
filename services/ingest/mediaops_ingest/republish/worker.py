"""Publishes the archive on a rebuild's own topics, in lane order, up to a noted end."""

import asyncio
from collections.abc import Sequence
from typing import Any

from mediaops_common.bus import Bus, Record
from mediaops_common.db import Database
from mediaops_common.failpoints import hit
from mediaops_common.lease import Lease, Tenure, check
from mediaops_common.streams import publish_in_order

from mediaops_ingest.archive import repository as archive
from mediaops_ingest.archive.chunks import PRODUCER, TOPICS, to_record, unpack_chunk
from mediaops_ingest.republish import repository
from mediaops_ingest.republish.models import Republication

__all__ = ["Republisher"]

CHUNKS = 200


class Republisher:
    """Works beside the live relay, on one replica at a time: these topics are read by nobody
    else."""

    def __init__(self, database: Database, bus: Bus, owner: str) -> None:
        self._database = database
        self._bus = bus
        self._tenure = Tenure(database, "republication", owner)

    async def step(self) -> bool:
        """One slice of the oldest republication; False when there is none."""
        async with self._database.glance() as session:
            republication = await repository.next_open(session)
        if republication is None:
            await self.release()
            return False
        lease = await self._tenure.hold()
        if lease is None:
            return False
        if republication.state == "queued":
            await self._begin(republication, lease)
        elif not await self._publish_slice(republication, lease):
            await self._end(republication, lease)
        return True

    async def release(self) -> None:
        await self._tenure.release()

    async def _begin(self, republication: Republication, lease: Lease) -> None:
        async with self._database.write() as session:
            await check(session, lease)
            ends = await archive.archive_ends(session)
            noted = {str(shard): chunk for shard, chunk in ends.items()}
            await repository.begin(session, republication.id, noted)

    async def _publish_slice(self, republication: Republication, lease: Lease) -> bool:
        """Publishes the next chunks; False when every shard has come to its end."""
        for shard, end in sorted(republication.ends.items(), key=lambda pair: int(pair[0])):
            done = republication.cursor.get(shard, 0)
            if done >= end:
                continue
            async with self._database.read() as session:
                rows = await repository.chunks_after(session, int(shard), done, end, limit=CHUNKS)
            records = await asyncio.to_thread(_records, rows)
            suffix = f".rebuild.{republication.topic}"
            await publish_in_order(self._bus, [(name + suffix, r) for name, r in records])
            hit("republish.after_publish")
            cursor = {**republication.cursor, shard: rows[-1].chunk if rows else end}
            async with self._database.write() as session:
                await check(session, lease)
                await repository.advance(session, republication.id, cursor, "running")
            return True
        return False

    async def _end(self, republication: Republication, lease: Lease) -> None:
        """Closes every partition of the rebuild's topics."""
        for name in TOPICS:
            topic = f"{name}.rebuild.{republication.topic}"
            for partition in range((await self._bus.topic(topic)).partitions):
                end = Record(b"", b"", PRODUCER, 0, 0, 0, "end")
                await self._bus.publish(topic, partition, [end])
        async with self._database.write() as session:
            await check(session, lease)
            await repository.advance(session, republication.id, republication.cursor, "done")


def _records(rows: Sequence[Any]) -> list[tuple[str, Record]]:
    return [
        to_record(row.shard, numbered) for row in rows for numbered in unpack_chunk(row.records)
    ]
