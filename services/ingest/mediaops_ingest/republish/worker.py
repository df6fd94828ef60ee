"""Publishes the archive on a rebuild's own topics, in lane order, up to a noted end."""

import structlog
from mediaops_common.bus import Bus, Record
from mediaops_common.db import Database
from mediaops_common.failpoints import hit
from mediaops_common.lease import Lease, LeaseLost, Tenure, check

from mediaops_ingest.archive import repository as archive
from mediaops_ingest.archive.chunks import PRODUCER, TOPICS
from mediaops_ingest.archive.publishing import publish_chunks
from mediaops_ingest.republish import repository
from mediaops_ingest.republish.models import Republication

__all__ = ["Republisher"]

log = structlog.get_logger(__name__)

CHUNKS = 400
STEP_BYTES = 32 << 20
"""Of packed chunks that one step takes into memory."""


class Republisher:
    """Works beside the live relay, on one replica at a time: these topics are read by nobody
    else."""

    def __init__(self, database: Database, bus: Bus, owner: str) -> None:
        self._database = database
        self._bus = bus
        self._tenure = Tenure(database, "republication", owner)

    async def step(self) -> bool:
        """One slice of the oldest republication; False when there is none, or when it is another
        replica's. Where the lease is lost on the way the slice is the other's to publish again; the
        shards are held by leases of their own, and go on."""
        try:
            return await self._step()
        except LeaseLost as reason:
            log.info("republication_left_to_another", reason=str(reason))
            await self.release()
            return False

    async def _step(self) -> bool:
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
                rows = await repository.chunks_after(
                    session, int(shard), done, end, limit=CHUNKS, most_bytes=STEP_BYTES
                )
            suffix = f".rebuild.{republication.topic}"
            await publish_chunks(self._bus, rows, suffix=suffix, turn=self._tenure.hold)
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
