"""Tells the other services of changed quality."""

from uuid import UUID

from mediaops_common import outbox
from mediaops_common.events import QualityComputed
from mediaops_common.jobs import Job
from mediaops_common.service import Runtime
from mediaops_common.zones import number_day

from mediaops_ingest.quality import repository

__all__ = ["TELL_QUALITY"]

RECENT_DAYS = 3


async def tell_changed(runtime: Runtime) -> None:
    """Sends `ingest.quality.computed` for every source and day that changed since the last time.

    What was told is remembered in this process only: after a restart recent days are told again,
    and the version says to listeners that nothing is new.
    """
    told: dict[tuple[UUID, int], int] = runtime.state.setdefault("quality_told", {})
    today = int(runtime.clock.now().timestamp()) // 86_400
    first_day = 0 if not told else today - RECENT_DAYS
    async with runtime.database.read() as session:
        rows = await repository.changed_since(session, told, first_day)
    if not rows:
        return
    async with runtime.database.write() as session:
        for row in rows:
            await outbox.add(
                session,
                QualityComputed(
                    workspace_id=row.workspace_id,
                    source_id=row.source_id,
                    channel_id=row.channel_id,
                    day=number_day(row.day),
                    deliveries=row.deliveries,
                    received=row.received,
                    normalised=row.normalised,
                    duplicates=row.duplicates,
                    conflicts=row.conflicts,
                    rejected=row.rejected,
                    failed=row.failed,
                    pending=0,
                    newest_received_at=row.newest_received_at,
                    version=row.version,
                ),
                workspace_id=row.workspace_id,
            )
    for row in rows:
        told[row.source_id, row.day] = row.version


TELL_QUALITY = Job("tell-quality", every_seconds=2.0, run=tell_changed)
