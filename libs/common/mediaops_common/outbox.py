"""The outbox: an event is a row, written in the transaction of the change it tells of."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.bulk import insert_rows
from mediaops_common.context import current_traceparent
from mediaops_common.events import Event, encode
from mediaops_common.ids import slot_of
from mediaops_common.tables import SpineTables

__all__ = ["add", "add_several", "wake_relay"]


async def add(session: AsyncSession, event: Event, *, workspace_id: UUID | None) -> None:
    """Adds the event to this transaction.

    Call it after the entity's row was flushed: the row's id is drawn after the entity's lock, so
    that events of one entity keep the order of its changes.
    """
    await add_several(session, [(event, workspace_id)])


async def add_several(session: AsyncSession, events: Sequence[tuple[Event, UUID | None]]) -> None:
    """Likewise events, each with its workspace, in this order."""
    tables: SpineTables = session.info["tables"]
    wake_relay(session)
    now = datetime.now(UTC)
    await insert_rows(
        session, tables.outbox, [_row(event, workspace_id, now) for event, workspace_id in events]
    )


def _row(event: Event, workspace_id: UUID | None, now: datetime) -> dict[str, object]:
    key = type(event).event_key(event).encode()
    value = encode(
        event,
        source=f"/{type(event).event_name.partition('.')[0]}",
        time=now,
        workspace_id=workspace_id,
        traceparent=current_traceparent(),
    )
    return {
        "topic": str(type(event).event_topic),
        "key": key,
        "value": value,
        "slot": slot_of(key),
        "created_at": now,
    }


def wake_relay(session: AsyncSession) -> None:
    """Lets the relay look at once when this transaction is committed, and not at its next turn."""
    session.info["adds_to_outbox"] = True
