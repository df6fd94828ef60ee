"""`/SERVICE/v1/admin/{lag,audit,parked,rebuilds,trail}`: the same in every consuming service."""

from collections.abc import Callable
from functools import cache
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import select

from mediaops_common import audit_trail, parked
from mediaops_common.admin import parked_events, reports
from mediaops_common.http import (
    Caller,
    ClockDep,
    NotFound,
    Page,
    PageQuery,
    Reads,
    RuntimeDep,
    Tx,
    allow,
    page_of,
)
from mediaops_common.rebuild import request_rebuild

__all__ = ["admin_router", "scope_of"]

CanRead = Annotated[Caller, allow("admin:read")]
CanWrite = Annotated[Caller, allow("admin:write")]


@cache
def admin_router(service: str, *, consumes_only: bool) -> APIRouter:
    """The admin routes of one service. Ingest, which produces what others consume, has lag and
    audit of its own and nothing to rebuild (`consumes_only=False`)."""
    router = APIRouter(prefix=f"/{service}/v1/admin", tags=["admin"])

    async def read_lag(caller: CanRead, session: Reads, runtime: RuntimeDep) -> dict[str, Any]:
        """How far this service is behind."""
        return await reports.lag(runtime, session)

    async def read_audit(caller: CanRead, session: Reads, runtime: RuntimeDep) -> dict[str, Any]:
        """What this service applied, for ingest's audit to compare."""
        groups = await reports.group_reports(runtime, session, scope_of(caller))
        return {"service": service, "groups": groups}

    async def list_parked(caller: CanRead, session: Reads, page: PageQuery) -> Page[dict[str, Any]]:
        """Events that could not be handled, oldest first."""
        rows = await parked.page(
            session,
            workspace_id=scope_of(caller),
            after=page.after_id(),
            limit=page.limit + 1,
        )
        kept, after = page_of(rows, page, lambda row: [str(row.id)])
        with_value = scope_of(caller) is not None
        return Page(items=[parked_events.shown(r, with_value=with_value) for r in kept], next=after)

    async def retry_parked(
        parked_id: UUID, caller: CanWrite, runtime: RuntimeDep
    ) -> dict[str, str]:
        """Applies a parked event now."""
        await parked_events.retry(runtime, caller, parked_id)
        return {"id": str(parked_id), "state": "applied"}

    async def drop_parked(parked_id: UUID, caller: CanWrite, runtime: RuntimeDep) -> dict[str, str]:
        """Gives a parked event up."""
        await parked_events.drop(runtime, caller, parked_id)
        return {"id": str(parked_id), "state": "dropped"}

    async def list_rebuilds(caller: CanRead, session: Reads) -> Page[dict[str, Any]]:
        """Rebuilds, newest first."""
        rebuild = session.info["tables"].rebuild
        connection = await session.connection()
        rows = await connection.execute(select(rebuild).order_by(rebuild.c.id.desc()).limit(100))
        return Page(items=[_shown_rebuild(row) for row in rows])

    async def list_trail(caller: CanRead, session: Reads, page: PageQuery) -> Page[dict[str, Any]]:
        """What staff did, newest first: the caller's workspace's, or the operators'."""
        rows = await audit_trail.page(
            session, caller.workspace_id, before=page.after_id(), limit=page.limit + 1
        )
        kept, after = page_of(rows, page, lambda row: [str(row.id)])
        return Page(items=[_shown_action(row) for row in kept], next=after)

    async def start_rebuild(
        caller: CanWrite, session: Tx, runtime: RuntimeDep, clock: ClockDep, anew: bool = False
    ) -> dict[str, Any]:
        """Rebuilds this service's projections from the archive, beside the live ones; `anew`,
        instead of a rebuild that is under way."""
        group = next((g for g in runtime.service.groups if g.is_projection), None)
        if group is None:
            raise NotFound(f"{service} has no projections")
        rebuild_id = await request_rebuild(session, service, group, anew=anew)
        await audit_trail.record(
            session,
            caller,
            clock,
            action="start",
            object_type="rebuild",
            object_id=rebuild_id,
            detail={"anew": True} if anew else None,
        )
        return {"id": str(rebuild_id), "state": "requested"}

    routes: list[tuple[str, str, int, Callable[..., Any]]] = [
        ("/parked", "GET", 200, list_parked),
        ("/parked/{parked_id}/retry", "POST", 200, retry_parked),
        ("/parked/{parked_id}/drop", "POST", 200, drop_parked),
        ("/trail", "GET", 200, list_trail),
    ]
    if consumes_only:
        routes += [
            ("/lag", "GET", 200, read_lag),
            ("/audit", "GET", 200, read_audit),
            ("/rebuilds", "GET", 200, list_rebuilds),
            ("/rebuilds", "POST", 202, start_rebuild),
        ]
    for path, method, status, endpoint in routes:
        router.add_api_route(path, endpoint, methods=[method], status_code=status)
    return router


def scope_of(caller: Caller) -> UUID | None:
    """The workspace that the caller sees; None for an operator of the installation."""
    return None if caller.workspace == "*" else caller.workspace_id


def _shown_action(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "at": row.at.isoformat(),
        "actor": row.actor,
        "action": row.action,
        "object_type": row.object_type,
        "object_id": row.object_id,
        "request_id": row.request_id,
        "outcome": row.outcome,
        "detail": row.detail,
    }


def _shown_rebuild(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "generation": row.generation,
        "state": row.state,
        "error": row.error,
        "created_at": row.created_at.isoformat(),
        "finished_at": None if row.finished_at is None else row.finished_at.isoformat(),
    }
