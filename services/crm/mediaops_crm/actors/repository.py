"""Queries over actors and their days."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from mediaops_common.audience.statements import Lookup, as_id, stored_ids
from mediaops_common.bulk import Conflict, insert_stored
from sqlalchemy import Select, Table, func, select
from sqlalchemy.sql import ColumnElement
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_crm.actors.models import Actor, ActorDays, DaysRow

ACTOR: Table = Actor.__table__  # type: ignore[attr-defined]
DAYS: Table = ActorDays.__table__  # type: ignore[attr-defined]

KEY = ("generation", "workspace_id", "ordinal")

CARDS_OF = Lookup(
    [ACTOR.c[name] for name in ("ordinal", "profile_id", "platform", "id_scope", "external_id")],
    [ACTOR.c.generation, ACTOR.c.workspace_id],
    ACTOR.c.ordinal,
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
ACTOR_NAMES = tuple(column.name for column in ACTOR.columns)
DAYS_NAMES = tuple(column.name for column in DAYS.columns)
NEWER_DAYS = Conflict(KEY, replace=tuple(name for name in DAYS_NAMES if name not in KEY))


async def days_of(
    session: AsyncSession, generation: int, workspace_id: UUID, ordinals: Iterable[int]
) -> dict[int, DaysRow]:
    """Ordinal → its row of days, where there is one."""
    given = (generation, stored_ids(session)(workspace_id))
    rows = await DAYS_OF.rows(session, given, sorted(ordinals))
    return {row[0]: row for row in rows}


async def profile_ids(
    session: AsyncSession, generation: int, workspace_id: UUID, ordinals: Iterable[int]
) -> dict[int, UUID]:
    """Ordinal → profile."""
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
    new = [
        (generation, workspace, ordinal, stored(profile_id), *identity)
        for ordinal, profile_id, *identity in rows
    ]
    await insert_stored(session, ACTOR, ACTOR_NAMES, new)


async def replace_days(
    session: AsyncSession, generation: int, workspace_id: UUID, rows: Iterable[tuple[Any, ...]]
) -> None:
    """(ordinal, and the other columns of the row in their order)."""
    workspace = stored_ids(session)(workspace_id)
    now = [(generation, workspace, *row) for row in rows]
    await insert_stored(session, DAYS, DAYS_NAMES, now, NEWER_DAYS)


async def cards(
    session: AsyncSession, generation: int, workspace_id: UUID, ordinals: Iterable[int]
) -> dict[int, tuple[UUID, str, str, str]]:
    """Ordinal → (profile, platform, id_scope, external_id)."""
    given = (generation, stored_ids(session)(workspace_id))
    rows = await CARDS_OF.rows(session, given, sorted(ordinals))
    return {row[0]: (as_id(row[1]), row[2], row[3], row[4]) for row in rows}


async def new_by_day(
    session: AsyncSession, generation: int, workspace_id: UUID, first: int, last: int
) -> dict[int, int]:
    """Day → how many were active for the first time, over all channels."""
    query = (
        select(DAYS.c.first_day, func.count())
        .where(*_those(DAYS, generation, workspace_id), DAYS.c.first_day.between(first, last))
        .group_by(DAYS.c.first_day)
    )
    return {day: count for day, count in await _rows(session, query)}


async def new_since(
    session: AsyncSession, generation: int, workspace_id: UUID, day: int
) -> list[int]:
    """The ordinals of those who were first active on that day or later."""
    query = select(DAYS.c.ordinal).where(
        *_those(DAYS, generation, workspace_id), DAYS.c.first_day >= day
    )
    return [ordinal for (ordinal,) in await _rows(session, query)]


async def count(session: AsyncSession, generation: int, workspace_id: UUID) -> int:
    """How many actors were ever active."""
    query = select(func.count()).where(
        *_those(DAYS, generation, workspace_id), DAYS.c.first_day.is_not(None)
    )
    (row,) = await _rows(session, query)
    return int(row[0])


async def last_ordinal(session: AsyncSession, generation: int, workspace_id: UUID) -> int:
    """The largest ordinal; -1 where there is none."""
    query = select(func.max(DAYS.c.ordinal)).where(*_those(DAYS, generation, workspace_id))
    (row,) = await _rows(session, query)
    return -1 if row[0] is None else int(row[0])


async def ordinals_above(
    session: AsyncSession, generation: int, workspace_id: UUID, after: int, limit: int
) -> list[int]:
    """The next ordinals, in order."""
    query = select(DAYS.c.ordinal).where(
        *_those(DAYS, generation, workspace_id), DAYS.c.ordinal > after
    )
    rows = await _rows(session, query.order_by(DAYS.c.ordinal).limit(limit))
    return [ordinal for (ordinal,) in rows]


async def of_profile(
    session: AsyncSession, generation: int, workspace_id: UUID, profile_id: UUID
) -> list[int]:
    query = select(ACTOR.c.ordinal).where(
        *_those(ACTOR, generation, workspace_id), ACTOR.c.profile_id == profile_id
    )
    return [ordinal for (ordinal,) in await _rows(session, query)]


async def of_identity(
    session: AsyncSession, generation: int, workspace_id: UUID, platform: str, external_id: str
) -> list[int]:
    """There is one for each scope, so they are few and come without an order: asking for one would
    make a database without statistics walk all profiles in it."""
    query = select(ACTOR.c.ordinal).where(
        *_those(ACTOR, generation, workspace_id),
        ACTOR.c.platform == platform,
        ACTOR.c.external_id == external_id,
    )
    return [ordinal for (ordinal,) in await _rows(session, query)]


async def profiles_above(
    session: AsyncSession, generation: int, workspace_id: UUID, after: UUID | None, limit: int
) -> list[tuple[UUID, int]]:
    """(profile, ordinal) in the order of profiles' ids; read from the index alone."""
    query = select(ACTOR.c.profile_id, ACTOR.c.ordinal).where(
        *_those(ACTOR, generation, workspace_id)
    )
    if after is not None:
        query = query.where(ACTOR.c.profile_id > after)
    rows = await _rows(session, query.order_by(ACTOR.c.profile_id).limit(limit))
    return [(profile_id, ordinal) for profile_id, ordinal in rows]


def _those(table: Table, generation: int, workspace_id: UUID) -> list[ColumnElement[bool]]:
    return [table.c.generation == generation, table.c.workspace_id == workspace_id]


async def _rows(session: AsyncSession, query: Select[Any]) -> list[Any]:
    connection = await session.connection()
    return list((await connection.execute(query)).all())
