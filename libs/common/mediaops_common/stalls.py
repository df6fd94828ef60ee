"""Gaps: what heads reveal to be missing is noted, asked for, and forgotten once it has come."""

from datetime import UTC, datetime

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

__all__ = ["meet_heads", "open_stalls"]

log = structlog.get_logger(__name__)


async def meet_heads(
    session: AsyncSession,
    service: str,
    group: str,
    topic: str,
    partition: int,
    heads: Heads,
    numbers: LaneNumbers,
) -> None:
    """Compares the heads with the group's numbers.

    A lane that lacks something is a stall: it is asked for once per fencing number. What its owner
    has no more, by age, is passed by: the states of all entities were told again. Where nothing
    lacks, the group has applied everything that was received up to the heads' `through`.
    """
    rows = []
    for stream in heads.streams:
        for slot, floor in stream.floors.items():
            if numbers.begin_at(heads.producer, topic, stream.shard, int(slot), floor):
                log.warning("lane_begins_later", group=group, topic=topic, slot=slot, seq=floor)
        lacking = _lacking(heads.producer, topic, stream, numbers)
        if lacking:
            await _ask(session, service, group, topic, heads.producer, stream, lacking)
        packed = [stream.numbers.get(str(slot), 0) for slot in range(SLOTS)]
        row = {
            "group": group,
            "producer": heads.producer,
            "topic": topic,
            "partition": partition,
            "shard": stream.shard,
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
    if rows:
        shards = {stream.shard for stream in heads.streams}
        await _forget(session, group, topic, heads.producer, shards, numbers)


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


async def _forget(
    session: AsyncSession,
    group: str,
    topic: str,
    producer: str,
    shards: set[int],
    numbers: LaneNumbers,
) -> None:
    """Ends the stalls of these shards whose number has come."""
    tables: SpineTables = session.info["tables"]
    stall = tables.stall
    connection = await session.connection()
    found = await connection.execute(
        select(stall).where(
            stall.c.group == group, stall.c.topic == topic, stall.c.producer == producer
        )
    )
    for row in found.all():
        if row.shard not in shards:
            continue
        await numbers.load(session, [(producer, topic, row.slot)])
        if numbers.last(producer, topic, row.shard, row.slot) >= row.missing:
            await connection.execute(
                delete(stall).where(
                    stall.c.group == group,
                    stall.c.producer == producer,
                    stall.c.topic == topic,
                    stall.c.shard == row.shard,
                    stall.c.slot == row.slot,
                )
            )


async def open_stalls(session: AsyncSession) -> list[tuple[str, datetime]]:
    """(group, since) of every gap: readiness is red while one is older than a minute."""
    tables: SpineTables = session.info["tables"]
    connection = await session.connection()
    rows = await connection.execute(select(tables.stall.c.group, tables.stall.c.since))
    return [(row.group, row.since) for row in rows]
