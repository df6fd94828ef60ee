"""What staff did: one row for every action that changes something, and the list of them."""

from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.clock import Clock
from mediaops_common.context import current_request_id
from mediaops_common.http.callers import Caller
from mediaops_common.ids import new_id

__all__ = ["page", "record"]


async def record(
    session: AsyncSession,
    caller: Caller,
    clock: Clock,
    *,
    action: str,
    object_type: str,
    object_id: object,
    detail: dict[str, Any] | None = None,
) -> None:
    """Writes the row in the transaction of the change: both are there, or neither. What is refused
    changes nothing and has no row.

    `action` is a verb of the business (`rotate-secret`); `detail` names what changed and holds
    nothing secret and nothing personal.
    """
    table = session.info["tables"].audit_trail
    connection = await session.connection()
    await connection.execute(
        insert(table).values(
            id=new_id(),
            workspace_id=caller.workspace_id,
            at=clock.now(),
            actor=caller.subject,
            action=action,
            object_type=object_type,
            object_id=str(object_id),
            request_id=current_request_id(),
            outcome="done",
            detail=detail or {},
        )
    )


async def page(
    session: AsyncSession, workspace_id: UUID, *, before: UUID | None, limit: int
) -> list[Any]:
    """The actions of a workspace's staff, newest first."""
    table = session.info["tables"].audit_trail
    query = select(table).where(table.c.workspace_id == workspace_id)
    if before is not None:
        query = query.where(table.c.id < before)
    connection = await session.connection()
    return list((await connection.execute(query.order_by(table.c.id.desc()).limit(limit))).all())
