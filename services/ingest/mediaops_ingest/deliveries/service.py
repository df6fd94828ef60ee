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

__all__ = ["chunks_of", "cursors", "find", "forget_deliveries", "forget_keys", "latest", "raw"]

NOTES = 100
"""So many items of a delivery are told one by one; its counts tell all."""

cursors = repository.cursors
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
        notes=row.notes[:NOTES],
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
        async for logged in pending_deliveries(log, cursors, before=before):
            if (
                logged.workspace_id == workspace_id
                and source_id in (None, logged.source_id)
                and (among is None or logged.source_id in among)
                and (received.start is None or logged.received_at >= received.start)
                and (received.end is None or logged.received_at < received.end)
            ):
                found.append((logged.seq, shown_pending(logged)))
                if len(found) == limit:
                    break
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
        logged = await log.find(delivery_id)
        if logged is None or logged.workspace_id != workspace_id:
            raise
        return shown_pending(logged)


async def chunks_of(
    session: AsyncSession, log: DeliveryLog, workspace_id: UUID, delivery_id: UUID
) -> tuple[int, list[int]]:
    """The shard and its chunks in which the delivery's events lie: none while it waits.

    Raises NotFound.
    """
    try:
        return await repository.chunks_of(session, workspace_id, delivery_id)
    except NotFound:
        await find(session, log, workspace_id, delivery_id)
        return 0, []


async def raw(log: DeliveryLog, delivery: DeliveryRead) -> DeliveryRaw:
    """The request as it came; NotFound once its day was dropped."""
    logged = await log.find(delivery.id, delivery.received_at)
    if logged is None:
        raise NotFound(f"the raw request of delivery {delivery.id} is not kept any more")
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
