"""Queries over rollups."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from mediaops_common.projections import FIRST
from sqlalchemy import BigInteger, Select, Table, cast, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.rollups.models import (
    COUNTS,
    KEY,
    MONEY,
    MONEY_COUNTS,
    MONEY_KEY,
    ROLLUPS,
    Level,
)
from mediaops_insights.rollups.rows import Rows
from mediaops_insights.rollups.statements import add_rows


async def add(session: AsyncSession, rows: Rows) -> None:
    """Adds a batch: few statements for each table, the tables in a fixed order."""
    given = 2 if rows.is_plain else len(COUNTS)
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
    """Rows (bucket, *by, *counts) of one level, first and last bucket included."""
    table = ROLLUPS[granularity]
    query = _sums(table, COUNTS, ("bucket", *by)).where(
        table.c.generation == generation,
        table.c.workspace == workspace,
        table.c.level == int(level),
        table.c.bucket >= buckets[0],
        table.c.bucket <= buckets[1],
    )
    for name, allowed in within.items():
        query = query.where(table.c[name].in_(sorted(allowed)))
    return await _rows(session, query)


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
    query = _sums(table, MONEY_COUNTS, ("bucket", *by)).where(
        table.c.generation == generation,
        table.c.workspace == workspace,
        table.c.bucket >= buckets[0],
        table.c.bucket <= buckets[1],
    )
    for name, allowed in within.items():
        query = query.where(table.c[name].in_(sorted(allowed)))
    return await _rows(session, query)


def _sums(table: Table, counts: Iterable[str], by: Sequence[str]) -> Any:
    columns = [table.c[name] for name in by]
    # PostgreSQL would make a sum of big integers a decimal.
    added = (cast(func.sum(table.c[name]), BigInteger).label(name) for name in counts)
    return select(*columns, *added).group_by(*columns)


async def newest_minutes(
    session: AsyncSession, generation: int, workspace: int, up_to: int, limit: int
) -> list[Any]:
    """The channels' newest minutes in which something stands."""
    table = ROLLUPS["minute"]
    query = (
        select(table.c.bucket, table.c.channel, table.c.type, table.c.n, table.c.total)
        .where(
            table.c.generation == generation,
            table.c.workspace == workspace,
            table.c.level == int(Level.channel),
            table.c.bucket <= up_to,
            table.c.n > 0,
        )
        .order_by(table.c.bucket.desc(), table.c.channel, table.c.type)
        .limit(limit)
    )
    return await _rows(session, query)


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


async def _rows(session: AsyncSession, query: Select[Any]) -> list[Any]:
    connection = await session.connection()
    return list((await connection.execute(query)).all())
