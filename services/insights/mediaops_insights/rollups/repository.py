"""Queries over rollups."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from mediaops_common.projections import FIRST
from sqlalchemy import (
    BigInteger,
    Column,
    Executable,
    Table,
    cast,
    delete,
    func,
    literal_column,
    select,
    union_all,
)
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.rollups.models import (
    COUNTS,
    KEY,
    MONEY,
    MONEY_COUNTS,
    MONEY_KEY,
    NEWEST,
    NEWEST_NAMES,
    ROLLUPS,
    Level,
)
from mediaops_insights.rollups.rows import Rows
from mediaops_insights.rollups.statements import MOVED, add_rows, move_minute

__all__ = [
    "add",
    "drop_before",
    "generations",
    "minutes_over",
    "money_sums",
    "move_minute",
    "newest_minutes",
    "oldest_bucket",
    "sums",
]


async def add(session: AsyncSession, rows: Rows) -> None:
    """Adds a batch: few statements for each table, the tables in a fixed order."""
    given = 2 if rows.is_plain else len(COUNTS)
    await add_rows(session, NEWEST, KEY, COUNTS, rows.newest, given, NEWEST_NAMES)
    for granularity, tallies in rows.tallies.items():
        await add_rows(session, ROLLUPS[granularity], KEY, COUNTS, tallies, given)
    for granularity, amounts in rows.money.items():
        await add_rows(session, MONEY[granularity], MONEY_KEY, MONEY_COUNTS, amounts, given)


async def sums(
    session: AsyncSession,
    granularity: str,
    generation: int,
    workspace: int,
    level: Level,
    buckets: tuple[int, int],
    by: Sequence[str],
    within: dict[str, Collection[int]],
) -> list[Any]:
    """Rows (bucket, *by, *counts) of one level, first and last bucket included.

    There may be two of one bucket and names: what was added to its table, and what is in the newest
    minutes still. Both are read by one statement, between which nothing can move.
    """
    parts = []
    for table, bucket in ((ROLLUPS[granularity], "bucket"), (NEWEST, MOVED[granularity])):
        at: Any = table.c[bucket] if bucket in table.c else literal_column(bucket)
        query = _sums(table, COUNTS, by, at).where(
            table.c.generation == generation,
            table.c.workspace == workspace,
            table.c.level == int(level),
            at >= buckets[0],
            at <= buckets[1],
        )
        for name, allowed in within.items():
            query = query.where(table.c[name].in_(sorted(allowed)))
        parts.append(query)
    return await _rows(session, union_all(*parts))


async def money_sums(
    session: AsyncSession,
    granularity: str,
    generation: int,
    workspace: int,
    buckets: tuple[int, int],
    by: Sequence[str],
    within: dict[str, Collection[Any]],
) -> list[Any]:
    """Rows (bucket, *by, *counts), first and last bucket included."""
    table = MONEY[granularity]
    query = _sums(table, MONEY_COUNTS, by, table.c.bucket).where(
        table.c.generation == generation,
        table.c.workspace == workspace,
        table.c.bucket >= buckets[0],
        table.c.bucket <= buckets[1],
    )
    for name, allowed in within.items():
        query = query.where(table.c[name].in_(sorted(allowed)))
    return await _rows(session, query)


def _sums(table: Table, counts: Iterable[str], by: Sequence[str], bucket: Any) -> Any:
    names = [table.c[name] for name in by]
    grouped = [bucket, *names] if isinstance(bucket, Column) else names
    # PostgreSQL would make a sum of big integers a decimal.
    added = (cast(func.sum(table.c[name]), BigInteger).label(name) for name in counts)
    return select(bucket.label("bucket"), *names, *added).group_by(*grouped)


async def newest_minutes(
    session: AsyncSession, generation: int, workspace: int, up_to: int, limit: int
) -> list[Any]:
    """The channels' newest minutes in which something stands."""
    parts = []
    for table in (ROLLUPS["minute"], NEWEST):
        query = (
            select(table.c.bucket, table.c.channel, table.c.type, table.c.n, table.c.total)
            .where(
                table.c.generation == generation,
                table.c.workspace == workspace,
                table.c.level == int(Level.channel),
                table.c.bucket <= up_to,
                table.c.n != 0,
            )
            .order_by(table.c.bucket.desc(), table.c.channel, table.c.type)
            .limit(limit)
        )
        parts.append(select(query.subquery()))
    both = union_all(*parts).subquery()
    cell = (both.c.bucket, both.c.channel, both.c.type)
    n, total = (cast(func.sum(both.c[name]), BigInteger).label(name) for name in ("n", "total"))
    query = select(*cell, n, total).group_by(*cell).having(n > 0)
    return await _rows(session, query.order_by(cell[0].desc(), *cell[1:]).limit(limit))


async def minutes_over(
    session: AsyncSession, generations: Collection[int], before: int
) -> list[tuple[int, int, int, int]]:
    """Those (generation, workspace, level, bucket) of the newest minutes that are over, the oldest
    first."""
    part = [NEWEST.c[name] for name in KEY[:4]]
    query = (
        select(*part)
        .where(NEWEST.c.generation.in_(sorted(generations)), NEWEST.c.bucket < before)
        .distinct()
        .order_by(NEWEST.c.bucket, *part)
    )
    return [tuple(row) for row in await _rows(session, query)]


async def oldest_bucket(
    session: AsyncSession, table: Table, generation: int, workspace: int, level: Level | None
) -> int | None:
    """The first bucket that the table holds; money has no level."""
    query = select(func.min(table.c.bucket)).where(*_part(table, generation, workspace, level))
    return (await _rows(session, query))[0][0]  # type: ignore[no-any-return]


async def drop_before(
    session: AsyncSession,
    table: Table,
    generation: int,
    workspace: int,
    level: Level | None,
    bucket: int,
) -> None:
    part = _part(table, generation, workspace, level)
    await session.exec(delete(table).where(*part, table.c.bucket < bucket))


def _part(table: Table, generation: int, workspace: int, level: Level | None) -> list[Any]:
    part = [table.c.generation == generation, table.c.workspace == workspace]
    return part if level is None else [*part, table.c.level == int(level)]


async def generations(session: AsyncSession) -> list[int]:
    """Those that somebody reads or builds."""
    table = session.info["tables"].projection
    rows = await _rows(session, select(table.c.live, table.c.newest))
    return sorted({int(number) for row in rows for number in row} or {FIRST})


async def _rows(session: AsyncSession, query: Executable) -> list[Any]:
    connection = await session.connection()
    return list((await connection.execute(query)).all())
