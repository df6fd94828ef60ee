"""The reading side on Kafka: one member of a group, whose positions are its database's."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from mediaops_common.bus.kafka.clients import Endpoint, KafkaError, buffered, join_group, leave
from mediaops_common.bus.kafka.records import from_headers
from mediaops_common.bus.port import (
    Assigned,
    BusUnavailable,
    Chunk,
    Locate,
    LogBounds,
    Record,
    TopicIdentity,
)

__all__ = ["KafkaConsumer"]

log = structlog.get_logger(__name__)

SLICE = 1_000
"""Records that are decoded before others get the event loop."""
QUIET_SECONDS = 20.0
"""An assigned partition is asked for twice a second; without an answer for so long the member is
replaced, for it may look alive and read nothing."""
ROUND_SECONDS = 2.0
"""The most of it that counts from one poll to the next. In a longer one this process was busy or
suspended, which tells nothing of the brokers."""
JOIN_SECONDS = 45.0
"""The longest that a group may take to share out its partitions."""
LEAVE_SECONDS = 3.0

Identify = Callable[[str], Awaitable[TopicIdentity]]


class Quiet(KafkaError):  # type: ignore[misc]
    """The brokers tell nothing of a partition, or do not let this member in."""


class KafkaConsumer:
    """Reads only what it has located: at every rebalance the database is asked again."""

    def __init__(
        self,
        endpoint: Endpoint,
        group: str,
        topics: Sequence[str],
        locate: Locate,
        identify: Identify,
    ) -> None:
        self._endpoint = endpoint
        self._group = group
        self._topics = topics
        self._locate = locate
        self._identify = identify
        self._member: Any = None
        self._offsets: dict[Any, int] = {}
        """Where to read on, of the partitions that are assigned and located."""
        self._gaps: dict[Any, tuple[int, int]] = {}
        """Partition → an offset that was asked for, and the later one that came instead."""
        self._identities: dict[str, TopicIdentity] = {}
        self._rebalances = 0
        self._changed = asyncio.Event()
        self._fetching: asyncio.Task[dict[Any, list[Any]]] | None = None
        self._asked, self._looked_at = 0.0, time.monotonic()
        """For how long partitions have been asked for, and until when that was counted."""
        self._heard: dict[Any, tuple[int, float]] = {}
        """Partition → the moment of the last answer about it, and at which `_asked` it came."""
        self._waiting_since: float | None = None

    @property
    def places(self) -> set[tuple[str, int]]:
        return {(tp.topic, tp.partition) for tp in self._offsets}

    async def poll(self, max_records: int, timeout: float) -> list[Chunk]:
        try:
            await self._notice_new_logs()
            if self._member is None:
                self._member = await join_group(
                    self._endpoint, self._group, self._topics, self._rebalanced
                )
            parts = await self._read(max_records, time.monotonic() + timeout)
            self._mind_progress(parts)
        except (KafkaError, BusUnavailable):
            await self._leave()
            raise
        return [
            Chunk(tp.topic, tp.partition, part.records, part.offsets, part.next_offset, part.end)
            for tp, part in parts.items()
        ]

    def _rebalanced(self) -> None:
        self._rebalances += 1
        self._changed.set()
        self._offsets.clear()
        self._heard.clear()
        self._gaps.clear()

    async def _notice_new_logs(self) -> None:
        """Topics that were made again are located anew: offsets of the old log mean nothing."""
        for topic in self._topics:
            now = await self._identify(topic)
            before = self._identities.get(topic, now)
            if before[:2] != now[:2]:
                log.warning("log_made_again", group=self._group, topic=topic)
                self._offsets = {tp: o for tp, o in self._offsets.items() if tp.topic != topic}
            self._identities[topic] = now

    async def _locate_assigned(self) -> None:
        wanted = sorted(tp for tp in self._member.assignment() if tp not in self._offsets)
        if not wanted:
            return
        rebalances = self._rebalances
        starts = await self._member.beginning_offsets(wanted)
        ends = await self._member.end_offsets(wanted)
        assigned = [
            Assigned(
                tp.topic, tp.partition, self._identities[tp.topic], LogBounds(starts[tp], ends[tp])
            )
            for tp in wanted
        ]
        offsets = await self._locate(assigned)
        if self._rebalances != rebalances:
            return  # shared out anew meanwhile: the next poll locates what it has then
        for tp, offset in zip(wanted, offsets, strict=True):
            self._member.seek(tp, offset)
            self._member.resume(tp)
            self._offsets[tp] = offset

    async def _read(self, max_records: int, deadline: float) -> dict[Any, "_Part"]:
        """What is there, in slices, or what comes until the deadline."""
        parts: dict[Any, _Part] = {}
        left = max_records
        while left > 0:
            self._changed.clear()
            await self._locate_assigned()
            wait = 0.0 if parts else max(0.0, deadline - time.monotonic())
            fetched = await self._fetch(min(left, SLICE), wait)
            if not fetched and (parts or time.monotonic() >= deadline):
                break
            for tp, rows in fetched.items():
                left -= len(rows)
                if self._follows(tp, rows[0].offset):
                    self._offsets[tp] = rows[-1].offset + 1
                    part = parts.setdefault(tp, _Part([], [], 0, 0))
                    part.add(tp.topic, rows, end=self._member.highwater(tp) or 0)
        return parts

    async def _fetch(self, limit: int, timeout: float) -> dict[Any, list[Any]]:
        """One slice; nothing after `timeout` seconds, or when the group is shared out anew.

        While the group shares out its partitions the client's call does not end by its time-out.
        It is never cancelled (then the client would take its caller for busy), but waited for again
        by the next one.
        """
        if self._fetching is None:
            self._fetching = asyncio.create_task(
                self._member.getmany(timeout_ms=int(timeout * 1000), max_records=limit)
            )
        changed = asyncio.create_task(self._changed.wait())
        await asyncio.wait(
            {self._fetching, changed}, timeout=timeout + 0.1, return_when=asyncio.FIRST_COMPLETED
        )
        changed.cancel()
        if not self._fetching.done():
            return {}
        fetched, self._fetching = self._fetching.result(), None
        return fetched

    def _follows(self, tp: Any, offset: int) -> bool:
        """Whether this is what was to be read next of the partition; if not, it is located."""
        expected = self._offsets.get(tp)
        if expected is None:
            return False  # shared out anew meanwhile
        # A gap that comes again after it was located is a hole of the log.
        if offset == expected or (offset > expected and self._gaps.get(tp) == (expected, offset)):
            return True
        # The client has begun at the beginning: the log was made again, or trimmed past here.
        self._gaps[tp] = (expected, offset)
        del self._offsets[tp]
        return False

    def _mind_progress(self, parts: dict[Any, "_Part"]) -> None:
        """Raises Quiet when a partition has not been heard of, or the group not been formed, for
        too long."""
        now = time.monotonic()
        self._asked += min(now - self._looked_at, ROUND_SECONDS)
        self._looked_at = now
        if self._fetching is not None:
            self._waiting_since = self._waiting_since or now
            if now - self._waiting_since > JOIN_SECONDS:
                raise Quiet(f"{self._group} has not been shared out for {JOIN_SECONDS:.0f} s")
            return
        self._waiting_since = None
        waiting = buffered(self._member)
        for tp in self._offsets:
            answered = self._member.last_poll_timestamp(tp) or 0
            known, since = self._heard.get(tp, (0, self._asked))
            if tp in parts or tp in waiting or answered != known:
                since = self._asked
            self._heard[tp] = (answered, since)
            quiet = self._asked - since
            if quiet > QUIET_SECONDS:
                raise Quiet(f"no answer about {tp.topic} {tp.partition} for {quiet:.0f} s")

    def relocate(self) -> None:
        self._offsets.clear()

    async def close(self) -> None:
        await self._leave()

    async def _leave(self) -> None:
        """Leaves the group, within moments; the next poll joins it anew."""
        member, self._member = self._member, None
        self._rebalanced()
        self._waiting_since = None
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait({self._fetching})
            self._fetching = None
        if member is not None:
            await leave(member, LEAVE_SECONDS)


@dataclass
class _Part:
    """What one poll read of one partition."""

    records: list[Record]
    offsets: list[int]
    next_offset: int
    end: int

    def add(self, topic: str, rows: Sequence[Any], end: int) -> None:
        for row in rows:
            record = from_headers(row.key, row.value, row.headers)
            if record is None:
                log.warning("foreign_record", topic=topic, offset=row.offset)
                continue
            self.records.append(record)
            self.offsets.append(row.offset)
        self.next_offset = rows[-1].offset + 1
        self.end = max(end, self.next_offset)
