"""Queries over actors and their days."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from mediaops_common.audience.statements import BulkInsert, Lookup, as_id, stored_ids
from sqlalchemy import Row, Select, Table, and_, case, func, or_, select, true
from sqlalchemy.sql import ColumnElement
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_crm.actors.models import Actor, ActorDays

ACTOR: Table = Actor.__table__  # type: ignore[attr-defined]
DAYS: Table = ActorDays.__table__  # type: ignore[attr-defined]

KEY = ["generation", "workspace_id", "ordinal"]

Bounds = Mapping[str, tuple[int | None, int | None]]
"""Column → lowest and highest day; None is open. `returned_day` also fits where it is null and
only the highest is given."""

CARD = (
    ACTOR.c.ordinal,
    ACTOR.c.profile_id,
    ACTOR.c.platform,
    ACTOR.c.id_scope,
    ACTOR.c.external_id,
    DAYS.c.name,
    DAYS.c.first_day,
    DAYS.c.last_day,
    DAYS.c.returned_day,
    DAYS.c.mask,
)


DAYS_OF = Lookup(
    [DAYS.c[name] for name in ("ordinal", "first_day", "last_day", "mask")]
    + [DAYS.c[name] for name in ("name", "named_day", "named_revision")],
    [DAYS.c.generation, DAYS.c.workspace_id],
    DAYS.c.ordinal,
)
PROFILES_OF = Lookup(
    [ACTOR.c.ordinal, ACTOR.c.profile_id],
    [ACTOR.c.generation, ACTOR.c.workspace_id],
    ACTOR.c.ordinal,
)
NEW_ACTORS = BulkInsert(ACTOR, [column.name for column in ACTOR.columns])
DAYS_NOW = BulkInsert(DAYS, [column.name for column in DAYS.columns], key=KEY)


async def days_of(
    session: AsyncSession, generation: int, workspace_id: UUID, ordinals: Iterable[int]
) -> dict[int, tuple[Any, ...]]:
    """Ordinal → (first day, last day, mask, name, day and revision of the name), where known."""
    given = (generation, stored_ids(session)(workspace_id))
    rows = await DAYS_OF.rows(session, given, sorted(ordinals))
    return {row[0]: tuple(row[1:]) for row in rows}


async def profile_ids(
    session: AsyncSession, generation: int, workspace_id: UUID, ordinals: Iterable[int]
) -> dict[int, UUID]:
    given = (generation, stored_ids(session)(workspace_id))
    rows = await PROFILES_OF.rows(session, given, sorted(ordinals))
    return {ordinal: as_id(profile_id) for ordinal, profile_id in rows}


async def add(
    session: AsyncSession,
    generation: int,
    workspace_id: UUID,
    rows: Iterable[tuple[int, UUID, str, str, str]],
) -> None:
    """(ordinal, profile, platform, id_scope, external_id) of each new actor."""
    stored = stored_ids(session)
    workspace = stored(workspace_id)
    await NEW_ACTORS.rows(
        session,
        [
            (generation, workspace, ordinal, stored(profile_id), *identity)
            for ordinal, profile_id, *identity in rows
        ],
    )


async def replace_days(
    session: AsyncSession, generation: int, workspace_id: UUID, rows: Iterable[tuple[Any, ...]]
) -> None:
    """(ordinal, and the other columns of the row in their order)."""
    workspace = stored_ids(session)(workspace_id)
    await DAYS_NOW.rows(session, [(generation, workspace, *row) for row in rows])


async def new_by_day(
    session: AsyncSession, generation: int, workspace_id: UUID, first: int, last: int
) -> dict[int, int]:
    """Day → how many were active for the first time."""
    query = (
        select(DAYS.c.first_day, func.count())
        .where(
            DAYS.c.generation == generation,
            DAYS.c.workspace_id == workspace_id,
            DAYS.c.first_day.between(first, last),
        )
        .group_by(DAYS.c.first_day)
    )
    connection = await session.connection()
    return {day: count for day, count in await connection.execute(query)}


async def by_profile(
    session: AsyncSession, generation: int, workspace_id: UUID, profile_id: UUID
) -> list[Row[Any]]:
    query = _cards(generation, workspace_id).where(ACTOR.c.profile_id == profile_id)
    return await _rows(session, query.order_by(ACTOR.c.platform, ACTOR.c.external_id))


async def page(
    session: AsyncSession,
    generation: int,
    workspace_id: UUID,
    *,
    identity: tuple[str, str] | None,
    bounds: Bounds | None,
    after: UUID | None,
    limit: int,
) -> list[Row[Any]]:
    """Those with at least one day, in the order of their profiles' ids."""
    query = _cards(generation, workspace_id).order_by(ACTOR.c.profile_id).limit(limit)
    if identity is not None:
        platform, external_id = identity
        query = query.where(ACTOR.c.platform == platform, ACTOR.c.external_id == external_id)
    if bounds is not None:
        query = query.where(within(bounds))
    if after is not None:
        query = query.where(ACTOR.c.profile_id > after)
    return await _rows(session, query)


async def count_by(
    session: AsyncSession, generation: int, workspace_id: UUID, states: Mapping[str, Bounds]
) -> dict[str, int]:
    """State → how many are within its bounds; the bounds given exclude each other."""
    state = _state(states)
    query = (
        select(state, func.count())
        .where(
            DAYS.c.generation == generation,
            DAYS.c.workspace_id == workspace_id,
            DAYS.c.first_day.is_not(None),
        )
        .group_by(state)
    )
    connection = await session.connection()
    return {name: count for name, count in await connection.execute(query)}


async def moved(
    session: AsyncSession,
    generation: int,
    workspace_id: UUID,
    before: Mapping[str, Bounds] | None,
    now: Mapping[str, Bounds],
    *,
    after: int,
    limit: int,
) -> list[int]:
    query = (
        select(DAYS.c.ordinal)
        .where(
            DAYS.c.generation == generation,
            DAYS.c.workspace_id == workspace_id,
            DAYS.c.ordinal > after,
            DAYS.c.first_day.is_not(None),
        )
        .order_by(DAYS.c.ordinal)
        .limit(limit)
    )
    if before is not None:
        query = query.where(_state(before) != _state(now))
    connection = await session.connection()
    return [ordinal for (ordinal,) in await connection.execute(query)]


def within(bounds: Bounds) -> ColumnElement[bool]:
    """The condition that a row of days is within the bounds."""
    parts: list[ColumnElement[bool]] = []
    for name, (lowest, highest) in bounds.items():
        column = DAYS.c[name]
        if lowest is not None:
            parts.append(column >= lowest)
        if highest is not None:
            fits = column <= highest
            is_open = lowest is None and name == "returned_day"
            parts.append(or_(column.is_(None), fits) if is_open else fits)
    return and_(true(), *parts)


def _state(states: Mapping[str, Bounds]) -> ColumnElement[str]:
    return case(*((within(bounds), name) for name, bounds in states.items()), else_="")


def _same_actor() -> ColumnElement[bool]:
    return and_(*(ACTOR.c[name] == DAYS.c[name] for name in KEY))


def _cards(generation: int, workspace_id: UUID) -> Select[Any]:
    return (
        select(*CARD)
        .select_from(ACTOR.join(DAYS, _same_actor()))
        .where(
            ACTOR.c.generation == generation,
            ACTOR.c.workspace_id == workspace_id,
            DAYS.c.first_day.is_not(None),
        )
    )


async def _rows(session: AsyncSession, query: Select[Any]) -> list[Row[Any]]:
    connection = await session.connection()
    return list((await connection.execute(query)).all())
