"""Queries over what was told of lifecycle states."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from mediaops_common import outbox
from mediaops_common.audience.statements import Lookup, as_id, stored_ids
from mediaops_common.bulk import Conflict, insert_stored
from mediaops_common.clock import SystemClock
from mediaops_common.columns import UtcDateTime
from mediaops_common.context import current_traceparent
from mediaops_common.db import upsert
from mediaops_common.events import LifecycleChanged, encode
from mediaops_common.ids import slot_of
from mediaops_common.tables import spine_tables
from sqlalchemy import Table, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_crm.database import METADATA
from mediaops_crm.lifecycle.models import ToldLifecycle, WorkspaceDay

TOLD: Table = ToldLifecycle.__table__  # type: ignore[attr-defined]
OUTBOX = spine_tables(METADATA).outbox
DAY: Table = WorkspaceDay.__table__  # type: ignore[attr-defined]


TOLD_OF = Lookup(
    [TOLD.c.profile_id, TOLD.c.state, TOLD.c.version],
    [TOLD.c.workspace_id],
    TOLD.c.profile_id,
    locking=True,
)
TOLD_NAMES = tuple(column.name for column in TOLD.columns)
TOLD_NOW = Conflict(("workspace_id", "profile_id"), replace=("state", "version"))
OUTBOX_NAMES = ("topic", "key", "value", "slot", "created_at")


async def told(
    session: AsyncSession, workspace_id: UUID, profiles: Iterable[UUID]
) -> dict[UUID, tuple[str, int]]:
    """Profile → (state, version), of those of whom anything was told; their rows stay locked."""
    stored = stored_ids(session)
    wanted = sorted(stored(profile_id) for profile_id in profiles)
    rows = await TOLD_OF.rows(session, (stored(workspace_id),), wanted)
    return {as_id(profile_id): (state, version) for profile_id, state, version in rows}


async def tell(
    session: AsyncSession, workspace_id: UUID, events: Sequence[LifecycleChanged]
) -> None:
    """Keeps the new states and puts the events into the outbox, each in one statement: a batch
    moves hundreds of profiles."""
    stored = stored_ids(session)
    workspace = stored(workspace_id)
    rows = [(workspace, stored(e.profile_id), e.to_state, e.version) for e in events]
    await insert_stored(session, TOLD, TOLD_NAMES, sorted(rows), TOLD_NOW)
    now = SystemClock().now()  # rows of the outbox go by their real age
    written = UtcDateTime().bind_processor(session.get_bind().dialect)
    at = now if written is None else written(now)
    encoded = await asyncio.to_thread(_outbox_rows, workspace_id, events, now, at)
    await insert_stored(session, OUTBOX, OUTBOX_NAMES, encoded)
    outbox.wake_relay(session)


def _outbox_rows(
    workspace_id: UUID, events: Sequence[LifecycleChanged], now: datetime, at: Any
) -> list[tuple[Any, ...]]:
    return [(*_outbox_row(workspace_id, event, now), at) for event in events]


def _outbox_row(
    workspace_id: UUID, event: LifecycleChanged, now: datetime
) -> tuple[str, bytes, bytes, int]:
    key = str(event.profile_id).encode()
    value = encode(
        event,
        source="/crm",
        time=now,
        workspace_id=workspace_id,
        traceparent=current_traceparent(),
    )
    return str(LifecycleChanged.event_topic), key, value, slot_of(key)


async def days_reached(session: AsyncSession) -> dict[UUID, tuple[int, int]]:
    """Workspace → (day, generation) up to which the clock has moved it."""
    connection = await session.connection()
    rows = await connection.execute(select(DAY.c.workspace_id, DAY.c.day, DAY.c.generation))
    return {workspace_id: (day, generation) for workspace_id, day, generation in rows}


async def reach_day(session: AsyncSession, workspace_id: UUID, day: int, generation: int) -> None:
    row = {"workspace_id": workspace_id, "day": day, "generation": generation}
    await upsert(session, DAY, [row], key=["workspace_id"], replace=["day", "generation"])
