"""Tells the other services of changed quality."""

from mediaops_common import outbox
from mediaops_common.clock import monotonic
from mediaops_common.events import QualityComputed
from mediaops_common.jobs import Job
from mediaops_common.service import Runtime
from mediaops_common.zones import number_day

from mediaops_ingest.deliveries.models import SourceDay
from mediaops_ingest.quality import repository

__all__ = ["TELL_QUALITY"]

SLICE = 1_000
"""Sources and days told of in one transaction."""

TOLD_A_SECOND = 20
"""On average, at most: of hundreds of busy sources each changes all the time, and telling of them
shall not become the work of the whole process."""

RESTS_UNTIL = "quality.rests_until"


async def tell_changed(runtime: Runtime) -> None:
    """Sends `ingest.quality.computed` for every source and day that changed since it was told, also
    for days long past: a replay mends them."""
    while monotonic() >= runtime.state.get(RESTS_UNTIL, 0.0):
        async with runtime.database.read() as session:
            if not await repository.untold(session, limit=1):
                return
        async with runtime.database.write() as session:
            rows = await repository.untold(session, limit=SLICE)
            await outbox.add_several(session, [(_told(row), row.workspace_id) for row in rows])
            await repository.note_told(session, rows)
        runtime.state[RESTS_UNTIL] = monotonic() + len(rows) / TOLD_A_SECOND


def _told(row: SourceDay) -> QualityComputed:
    return QualityComputed(
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
        unmapped=row.unmapped,
        late=row.late,
        version=row.version,
    )


TELL_QUALITY = Job("tell-quality", every_seconds=2.0, run=tell_changed)
