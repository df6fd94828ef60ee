"""What a service tells of its consumer groups: how far they are and what they applied."""

from collections.abc import Set
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.bus.port import BusUnavailable
from mediaops_common.http.problems import Unavailable
from mediaops_common.lanes import all_numbers
from mediaops_common.stalls import open_stalls
from mediaops_common.watermarks import shard_watermarks
from mediaops_common.workers import groups_of

if TYPE_CHECKING:
    from mediaops_common.service import Runtime

__all__ = ["group_reports", "lag"]


async def lag(runtime: "Runtime", session: AsyncSession) -> dict[str, Any]:
    """`in_flight`: records on the bus that this service has not dealt with; `pending`: own
    events that the bus has not acknowledged; `watermark`: up to when all that was received is
    applied by the projection's group. A group's health is null where another process runs it."""
    tables = runtime.database.tables
    connection = await session.connection()
    names = [f"{runtime.service.name}.{group.name}" for group in groups_of(runtime)]
    live = {runner.name: runner for runner in runtime.state.get("runners", [])}
    groups = []
    query = select(tables.position).where(tables.position.c.group.in_(names))
    rows = (await connection.execute(query)).all()
    ends = await _ends(runtime, {(row.topic, row.partition) for row in rows})
    for row in rows:
        runner, end = live.get(row.group), ends[row.topic, row.partition]
        groups.append(
            {
                "group": row.group,
                "topic": row.topic,
                "partition": row.partition,
                "position": row.offset,
                "end": end,
                "lag": max(0, end - row.offset),
                "healthy": None if runner is None else runner.healthy,
                "reason": None if runner is None else runner.reason,
            }
        )
    pending = await connection.execute(
        select(func.count()).select_from(tables.outbox).where(tables.outbox.c.place.is_(None))
    )
    marks: dict[int, Any] = {}
    for group in runtime.service.groups:
        if group.is_projection:
            marks = await shard_watermarks(session, f"{runtime.service.name}.{group.name}")
    return {
        "in_flight": sum(group["lag"] for group in groups),
        "pending": int(pending.scalar_one()),
        "stalls": len(await open_stalls(session)),
        "watermark": min(marks.values()).isoformat() if marks else None,
        "groups": groups,
    }


async def _ends(runtime: "Runtime", places: Set[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """Where the logs of these partitions end."""
    ordered = sorted(places)
    try:
        bounds = await runtime.bus.bounds(ordered)
    except BusUnavailable:
        raise Unavailable("the bus cannot be asked where its logs end") from None
    return {place: one.end for place, one in zip(ordered, bounds, strict=True)}


async def group_reports(
    runtime: "Runtime", session: AsyncSession, workspace_id: UUID | None
) -> list[dict[str, Any]]:
    """Per projection group, in one consistent view: what it applied by source and local day of
    receipt, what lies parked, and (for an operator) the last number of each lane."""
    tables = runtime.database.tables
    applied, parked = tables.applied, tables.parked
    connection = await session.connection()
    reports = []
    for group in runtime.service.groups:
        if not group.is_projection:
            continue
        name = f"{runtime.service.name}.{group.name}"
        rows: dict[tuple[str, int], dict[str, Any]] = {}
        query = select(applied).where(applied.c.group == name)
        if workspace_id is not None:
            query = query.where(applied.c.workspace_id == workspace_id)
        for row in await connection.execute(query):
            rows[str(row.source_id), row.day] = {
                "activities": row.activities,
                "retractions": row.retractions,
                "snapshots": row.snapshots,
            }
        states = select(
            parked.c.source_id, parked.c.day, parked.c.state, func.count().label("n")
        ).where(parked.c.group == name, parked.c.source_id.is_not(None))
        if workspace_id is not None:
            states = states.where(parked.c.workspace_id == workspace_id)
        for row in await connection.execute(
            states.group_by(parked.c.source_id, parked.c.day, parked.c.state)
        ):
            rows.setdefault((str(row.source_id), row.day), {})[row.state] = row.n
        report: dict[str, Any] = {
            "group": name,
            "topics": list(map(str, group.topics)),
            "rows": [
                {"source_id": source, "day": day, **counts}
                for (source, day), counts in sorted(rows.items())
            ],
        }
        if workspace_id is None:
            report["lanes"] = [
                [topic, slot, numbers]
                for (producer, topic, slot), numbers in sorted(
                    (await all_numbers(session, tables, name)).items()
                )
                if producer == "ingest" and any(numbers)
            ]
        reports.append(report)
    return reports
