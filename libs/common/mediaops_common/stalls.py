"""Gaps: what heads reveal to be missing is noted, asked for, and forgotten once it has come."""

from collections.abc import Sequence, Set
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
import structlog
from sqlalchemy import delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common import outbox
from mediaops_common.db import upsert
from mediaops_common.events import REGISTRY, LaneStalled
from mediaops_common.heads import Heads, Stream
from mediaops_common.ids import SLOTS
from mediaops_common.lanes import LaneNumbers, pack
from mediaops_common.tables import SpineTables

__all__ = ["MetHeads", "meet_heads", "open_stalls"]


log = structlog.get_logger(__name__)


Lane = tuple[str, str, int, int]
"""(producer, topic, shard, slot)."""


class MetHeads(NamedTuple):
    """A heads record where it was read."""

    topic: str
    partition: int
    heads: Heads


async def meet_heads(
    session: AsyncSession, service: str, group: str, met: Sequence[MetHeads], numbers: LaneNumbers
) -> None:
    """Compares the heads of a batch, in their order, with the numbers that the batch left.

    A lane that lacks something is a stall: it is asked for once per fencing number. What its owner
    has no more, by age, is passed by: the states of all entities were told again. Where nothing
    lacks, the group has applied everything that was received up to the heads' `through`.
    """
    newest: dict[tuple[str, str, int, int], Stream] = {}
    for topic, partition, heads in met:
        for stream in heads.streams:
            newest[heads.producer, topic, partition, stream.shard] = stream
    if not newest:
        return
    rows = []
    for (producer, topic, partition, shard), stream in newest.items():
        for slot, floor in stream.floors.items():
            if numbers.begin_at(producer, topic, shard, int(slot), floor):
                log.warning("lane_begins_later", group=group, topic=topic, slot=slot, seq=floor)
        lacking = _lacking(producer, topic, stream, numbers)
        if lacking:
            await _ask(session, service, group, topic, producer, stream, lacking)
        packed = [0] * SLOTS
        for slot, number in stream.numbers.items():
            packed[int(slot)] = number
        row = {
            "group": group,
            "producer": producer,
            "topic": topic,
            "partition": partition,
            "shard": shard,
            "numbers": pack(packed),
            "through": stream.through,
            "applied_through": None if lacking else stream.through,
        }
        rows.append((row, bool(lacking) or stream.through is None))
    tables: SpineTables = session.info["tables"]
    key = ["group", "producer", "topic", "partition", "shard"]
    whole = [row for row, lacks in rows if not lacks]
    gaps = [row for row, lacks in rows if lacks]
    replaced = ["numbers", "through", "applied_through"]
    await upsert(session, tables.heads, whole, key=key, replace=replaced)
    await upsert(session, tables.heads, gaps, key=key, replace=["numbers"])
    told = {
        (producer, topic, shard, int(slot))
        for (producer, topic, _partition, shard), stream in newest.items()
        for slot in stream.numbers
    }
    await _forget(session, group, told, numbers)


def _lacking(
    producer: str, topic: str, stream: Stream, numbers: LaneNumbers
) -> list[tuple[int, int]]:
    """(slot, first missing number) of the lanes whose last number is below the head."""
    found = []
    for slot, head in stream.numbers.items():
        last = numbers.last(producer, topic, stream.shard, int(slot))
        if last < head:
            found.append((int(slot), last + 1))
    return found


async def _ask(
    session: AsyncSession,
    service: str,
    group: str,
    topic: str,
    producer: str,
    stream: Stream,
    lacking: list[tuple[int, int]],
) -> None:
    tables: SpineTables = session.info["tables"]
    stall = tables.stall
    connection = await session.connection()
    known = {
        row.slot: row.fence
        for row in await connection.execute(
            select(stall.c.slot, stall.c.fence).where(
                stall.c.group == group,
                stall.c.producer == producer,
                stall.c.topic == topic,
                stall.c.shard == stream.shard,
            )
        )
    }
    ask_class = REGISTRY[f"mediaops.{service}.lane.stalled.v1"]
    assert issubclass(ask_class, LaneStalled)
    now = datetime.now(UTC)
    for slot, missing in lacking:
        if known.get(slot) == stream.fence:
            continue
        ask = ask_class(
            group=group,
            producer=producer,
            topic=topic,
            shard=stream.shard,
            slot=slot,
            missing=missing,
            fence=stream.fence,
        )
        key = ["group", "producer", "topic", "shard", "slot"]
        row = {**msgspec.structs.asdict(ask), "since": now}
        await upsert(session, stall, [row], key=key, replace=["missing", "fence"])
        await outbox.add(session, ask, workspace_id=None)


async def _forget(session: AsyncSession, group: str, told: Set[Lane], numbers: LaneNumbers) -> None:
    """Ends the stalls of these lanes whose number has come.

    Of no others: a lane belongs to whoever holds the partition that its heads come on. To lock
    those of other members, who hold them and wait for ours, would be a circle.
    """
    tables: SpineTables = session.info["tables"]
    stall = tables.stall
    connection = await session.connection()
    found = await connection.execute(select(stall).where(stall.c.group == group))
    for row in found.all():
        lane = (row.producer, row.topic, row.shard, row.slot)
        if lane in told and numbers.last(*lane) >= row.missing:
            await connection.execute(
                delete(stall).where(
                    stall.c.group == group,
                    stall.c.producer == row.producer,
                    stall.c.topic == row.topic,
                    stall.c.shard == row.shard,
                    stall.c.slot == row.slot,
                )
            )


async def open_stalls(session: AsyncSession) -> list[tuple[str, datetime]]:
    """(group, since) of every gap: readiness is red while there is one."""
    tables: SpineTables = session.info["tables"]
    connection = await session.connection()
    rows = await connection.execute(select(tables.stall.c.group, tables.stall.c.since))
    return [(row.group, row.since) for row in rows]
