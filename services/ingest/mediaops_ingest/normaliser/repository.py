"""Statements of the normaliser."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from mediaops_common.aside import aside
from mediaops_common.bulk import Conflict, insert_columns, insert_stored
from mediaops_common.db import insert_new, insert_rows, rows_by_key, upsert
from mediaops_common.ids import SHARDS, SLOTS
from mediaops_common.lanes import pack, unpack
from mediaops_common.restored import Lane
from sqlalchemy import Table, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.archive.chunks import TOPICS
from mediaops_ingest.archive.models import MARK_EVERY, ArchiveChunk, ArchiveLane, ArchiveMark, Shard
from mediaops_ingest.deliveries.models import DedupKey, Delivery, SourceDay, SourceDayPart
from mediaops_ingest.normaliser.ledger import KnownKey, Ledger, ShardState
from mediaops_ingest.normaliser.outcome import COUNTED

__all__ = [
    "ZoneChanged",
    "known_keys",
    "load_shards",
    "lowest_cursor",
    "numbers_given",
    "save_shards",
    "stand_at",
    "unpublished_chunks",
    "write_ledger",
]


def _table(model: Any) -> Table:
    table: Table = model.__table__
    return table


DEDUP, DELIVERY = _table(DedupKey), _table(Delivery)
SOURCE_DAY, SOURCE_DAY_PART = _table(SourceDay), _table(SourceDayPart)
CHUNK, LANE, SHARD = _table(ArchiveChunk), _table(ArchiveLane), _table(Shard)
MARK = _table(ArchiveMark)


KEY_NAMES = ("key", "digest", "adapter", "seq", "item")
KEY_AGAIN = Conflict(("key",), replace=("digest", "seq", "item"))
"""Only a corrected snapshot meets its own key again: what comes later is compared with its newest
values, and the delivery that brought them speaks for it in a replay."""


async def known_keys(session: AsyncSession, keys: Iterable[bytes]) -> dict[bytes, KnownKey]:
    """The keys that were seen before."""
    rows = await rows_by_key(session, select(DEDUP), DEDUP.c.key, keys)
    return {row.key: KnownKey(row.digest, row.adapter, row.seq, row.item) for row in rows}


async def load_shards(session: AsyncSession, shards: Iterable[int]) -> dict[int, ShardState]:
    """Where these shards stand; rows are made for all that have none."""
    wanted = sorted(shards)
    blank = [{"shard": n, "cursor": 0, "next_chunk": 1, "published": 0} for n in range(SHARDS)]
    await insert_new(session, SHARD, blank, key=["shard"])
    connection = await session.connection()
    states = {
        row.shard: ShardState(row.shard, row.cursor, row.next_chunk, row.published, {})
        for row in await connection.execute(select(SHARD).where(SHARD.c.shard.in_(wanted)))
    }
    for row in await connection.execute(select(LANE).where(LANE.c.shard.in_(wanted))):
        states[row.shard].numbers[TOPICS.index(row.topic)] = unpack(row.numbers)
    for state in states.values():
        for topic in range(len(TOPICS)):
            state.numbers.setdefault(topic, [0] * SLOTS)
    return states


async def lowest_cursor(session: AsyncSession, apart_from: Iterable[int]) -> int | None:
    """The lowest cursor of all other shards; None where there is no other."""
    connection = await session.connection()
    query = select(func.min(SHARD.c.cursor)).where(SHARD.c.shard.not_in(sorted(apart_from)))
    lowest: int | None = (await connection.execute(query)).scalar_one()
    return lowest


async def unpublished_chunks(session: AsyncSession, shards: Iterable[int]) -> int:
    """How many chunks of these shards the bus has not acknowledged: numbers that are there, for a
    backlog of days is looked at as often as none."""
    waiting = func.sum(SHARD.c.next_chunk - 1 - SHARD.c.published)
    connection = await session.connection()
    query = select(func.coalesce(waiting, 0)).where(SHARD.c.shard.in_(sorted(shards)))
    return int((await connection.execute(query)).scalar_one())


async def numbers_given(session: AsyncSession) -> dict[Lane, int]:
    """The newest number of every lane of the archive."""
    connection = await session.connection()
    return {
        (row.topic, row.shard, slot): number
        for row in await connection.execute(select(LANE))
        for slot, number in enumerate(unpack(row.numbers))
    }


async def write_ledger(
    session: AsyncSession, ledger: Ledger, chunk_rows: list[dict[str, Any]]
) -> None:
    """Writes keys, outcomes, counters, chunks and numbers."""
    keys = await aside(len(ledger.keys), ledger.key_rows)
    await insert_stored(session, DEDUP, KEY_NAMES, keys, KEY_AGAIN)
    settled = await aside(len(ledger.settled), ledger.delivery_columns)
    await insert_columns(session, DELIVERY, settled, stored=("chunks", "notes"))
    await write_counters(session, ledger)
    await insert_rows(session, CHUNK, chunk_rows)
    await insert_rows(session, MARK, _marks(ledger, chunk_rows))
    lanes = [
        {"shard": shard, "topic": topic, "numbers": pack(numbers)}
        for shard, topic, numbers in ledger.lane_rows()
    ]
    await upsert(session, LANE, lanes, key=["shard", "topic"], replace=["numbers"])


def _marks(ledger: Ledger, chunk_rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A mark behind the chunks of each shard that passed another MARK_EVERY of them."""
    passed = {row["shard"] for row in chunk_rows if row["chunk"] % MARK_EVERY == 0}
    return [
        {
            "shard": shard,
            "chunk": ledger.states[shard].next_chunk - 1,
            "topic": name,
            "numbers": pack(ledger.states[shard].numbers[topic]),
        }
        for shard in sorted(passed)
        for topic, name in enumerate(TOPICS)
    ]


async def write_counters(session: AsyncSession, ledger: Ledger) -> None:
    days, parts = await aside(len(ledger.settled), ledger.source_day_rows)
    await upsert(
        session,
        SOURCE_DAY,
        days,
        key=["source_id", "day"],
        add=["deliveries", "version", *COUNTED],
        greatest=["newest_received_at", "newest_occurred"],
    )
    await upsert(
        session,
        SOURCE_DAY_PART,
        parts,
        key=["source_id", "day", "kind", "name"],
        add=["items"],
    )


class ZoneChanged(Exception):
    """A workspace's zone was changed while a batch was read with the old one."""


async def timezone_of(session: AsyncSession, workspace_id: UUID) -> str:
    workspace = session.info["tables"].workspace
    connection = await session.connection()
    row = await connection.execute(
        select(workspace.c.timezone).where(workspace.c.workspace_id == workspace_id)
    )
    return str(row.scalar_one())


async def settle_zones(session: AsyncSession, zones: dict[UUID, str]) -> None:
    """From its first activity on a workspace's zone is fixed. Raises ZoneChanged."""
    workspace = session.info["tables"].workspace
    columns = (workspace.c.workspace_id, workspace.c.timezone, workspace.c.has_activity)
    rows = await rows_by_key(session, select(*columns), workspace.c.workspace_id, zones)
    for row in rows:
        if row.timezone != zones[row.workspace_id]:
            raise ZoneChanged(row.timezone)
    connection = await session.connection()
    for row in rows:
        if not row.has_activity:
            # With the zone in the condition: it may be changed between the look and the update.
            settled = await connection.execute(
                update(workspace)
                .where(
                    workspace.c.workspace_id == row.workspace_id,
                    workspace.c.timezone == row.timezone,
                )
                .values(has_activity=True)
            )
            if settled.rowcount != 1:
                raise ZoneChanged(row.timezone)


async def stand_at(session: AsyncSession, states: dict[int, ShardState]) -> bool:
    """Whether every shard stands where its holder believes."""
    connection = await session.connection()
    rows = await connection.execute(select(SHARD).where(SHARD.c.shard.in_(sorted(states))))
    found = {row.shard: (row.cursor, row.next_chunk) for row in rows}
    return found == {shard: (s.cursor, s.next_chunk) for shard, s in states.items()}


async def save_shards(session: AsyncSession, states: dict[int, ShardState]) -> None:
    """Notes cursors and chunk counts; what was published is the relay's to note."""
    rows = [
        {"shard": s.shard, "cursor": s.cursor, "next_chunk": s.next_chunk, "published": 0}
        for s in states.values()
    ]
    await upsert(session, SHARD, rows, key=["shard"], replace=["cursor", "next_chunk"])
