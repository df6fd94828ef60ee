"""What came in, and what became of it."""

from base64 import b64encode
from collections.abc import Collection
from uuid import UUID

from mediaops_common.http import MomentRange, NotFound
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.deliveries import repository
from mediaops_ingest.deliveries.models import Delivery
from mediaops_ingest.deliveries.pending import pending_deliveries
from mediaops_ingest.deliveries.schemas import DeliveryCounts, DeliveryRaw, DeliveryRead
from mediaops_ingest.delivery_log.port import DeliveryLog, LoggedDelivery

__all__ = ["find", "forget_deliveries", "forget_keys", "latest", "raw"]

MOST_PENDING = 20_000

forget_deliveries = repository.forget_deliveries
forget_keys = repository.forget_keys


def shown(row: Delivery) -> DeliveryRead:
    return DeliveryRead(
        id=row.id,
        source_id=row.source_id,
        channel_id=row.channel_id,
        received_at=row.received_at,
        status=row.status,
        reason=row.reason,
        counts=DeliveryCounts(
            received=row.received,
            normalised=row.normalised,
            duplicates=row.duplicates,
            conflicts=row.conflicts,
            rejected=row.rejected,
            failed=row.failed,
            unmapped=row.unmapped,
        ),
        mapping_revision=row.mapping_revision,
        notes=row.notes,
    )


def shown_pending(logged: LoggedDelivery) -> DeliveryRead:
    """A delivery that is not yet split is one item."""
    return DeliveryRead(
        id=logged.id,
        source_id=logged.source_id,
        channel_id=logged.channel_id,
        received_at=logged.received_at,
        status="pending",
        reason=None,
        counts=DeliveryCounts(received=1, pending=1),
    )


async def latest(
    session: AsyncSession,
    log: DeliveryLog,
    workspace_id: UUID,
    *,
    source_id: UUID | None,
    among: Collection[UUID] | None,
    status: str | None,
    received: MomentRange,
    before: int | None,
    limit: int,
) -> list[tuple[int, DeliveryRead]]:
    """(seq, delivery), newest first: those that wait, then those that are settled."""
    found: list[tuple[int, DeliveryRead]] = []
    if status in (None, "pending"):
        cursors = await repository.cursors(session)
        for logged in await pending_deliveries(log, cursors, limit=MOST_PENDING):
            if (
                logged.workspace_id == workspace_id
                and source_id in (None, logged.source_id)
                and (among is None or logged.source_id in among)
                and (before is None or logged.seq < before)
                and (received.start is None or logged.received_at >= received.start)
                and (received.end is None or logged.received_at < received.end)
            ):
                found.append((logged.seq, shown_pending(logged)))
    if status != "pending":
        rows = await repository.page(
            session,
            workspace_id,
            source_id=source_id,
            among=among,
            status=status,
            received_from=received.start,
            received_to=received.end,
            before=before,
            limit=limit,
        )
        found += [(row.seq, shown(row)) for row in rows]
    return sorted(found, key=lambda pair: -pair[0])[:limit]


async def find(
    session: AsyncSession, log: DeliveryLog, workspace_id: UUID, delivery_id: UUID
) -> DeliveryRead:
    """Raises NotFound."""
    try:
        return shown(await repository.find(session, workspace_id, delivery_id))
    except NotFound:
        return shown_pending(await _logged(log, workspace_id, delivery_id))


async def raw(log: DeliveryLog, workspace_id: UUID, delivery_id: UUID) -> DeliveryRaw:
    """The request as it came; NotFound once its day was dropped."""
    logged = await _logged(log, workspace_id, delivery_id)
    try:
        text = logged.body.decode()
    except UnicodeDecodeError:
        text = None
    return DeliveryRaw(
        id=logged.id,
        method=logged.method,
        path=logged.path,
        query=logged.query.decode("latin-1"),
        headers=[(n.decode("latin-1"), v.decode("latin-1")) for n, v in logged.headers],
        body_text=text,
        body_base64=b64encode(logged.body).decode(),
    )


async def _logged(log: DeliveryLog, workspace_id: UUID, delivery_id: UUID) -> LoggedDelivery:
    logged = await log.find(delivery_id)
    if logged is None or logged.workspace_id != workspace_id:
        raise NotFound(f"no delivery {delivery_id}")
    return logged
