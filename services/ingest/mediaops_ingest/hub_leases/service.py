"""What is known of a lease, and when it has to be asked for again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from mediaops_common.ids import derived_id
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.hub_leases import repository
from mediaops_ingest.hub_leases.models import HubLease
from mediaops_ingest.platforms.port import Lease
from mediaops_ingest.sources.service import Source

__all__ = [
    "ASKED_SECONDS",
    "due",
    "follow_source",
    "hear",
    "note_attempt",
    "note_refusal",
    "of_source",
]

ASKED_SECONDS = 864_000
"""Ten days: what the hub grants at most. It says itself how long the lease is in fact."""

RENEWED_AFTER = 2 / 3
"""Of a lease: a third of it is left for a hub that does not answer."""

_FIRST_WAIT = timedelta(minutes=1)
_LONGEST_WAIT = timedelta(hours=6)
_AFTER_DENIAL = timedelta(hours=24)

of_source = repository.of_source
due = repository.due


def lease_id(source_id: UUID, topic: str) -> UUID:
    return derived_id("hub-lease", source_id.bytes, topic)


async def follow_source(
    session: AsyncSession, source: Source, topics: Sequence[str], now: datetime
) -> None:
    """Brings the leases to the source's topics: new ones and those of a changed source are due."""
    kept = {lease_id(source.id, topic): topic for topic in topics}
    await repository.drop_others(session, source.id, kept)
    known = {lease.id: lease for lease in await repository.of_source(session, source.id)}
    for id_, topic in kept.items():
        lease = known.get(id_)
        if lease is None:
            session.add(_new(source.workspace_id, source.id, topic, source.version, now))
        elif lease.source_version != source.version:
            lease.source_version, lease.attempts, lease.ask_at = source.version, 0, now


async def note_attempt(
    session: AsyncSession, id_: UUID, state: str, reason: str, now: datetime
) -> None:
    """Before it is asked for; the next attempt comes later the more there were."""
    lease = await repository.find_by_id(session, id_)
    if lease is None:
        return
    wait = min(_FIRST_WAIT * 2 ** min(lease.attempts, 10), _LONGEST_WAIT)
    # A lease that still runs stays granted while it is asked for again.
    is_running = lease.state == "granted" and lease.ends_at is not None and lease.ends_at > now
    if not is_running or state != "asked":
        lease.state = state
    lease.reason = reason[:300]
    lease.attempts += 1
    lease.asked_at, lease.ask_at = now, now + wait


async def note_refusal(session: AsyncSession, id_: UUID, reason: str) -> None:
    """The hub would not take it; it is asked again when the wait is over."""
    lease = await repository.find_by_id(session, id_)
    if lease is not None:
        lease.reason = reason[:300]


async def hear(
    session: AsyncSession, workspace_id: UUID, source_id: UUID, told: Lease, now: datetime
) -> None:
    """The word of the hub, as it came to the hook."""
    lease = await repository.find_by_id(session, lease_id(source_id, told.topic))
    if lease is None:
        lease = _new(workspace_id, source_id, told.topic, 0, now)
        session.add(lease)
    if told.seconds == 0:
        lease.state, lease.reason, lease.ends_at = "denied", told.reason[:300], None
        lease.ask_at = now + _AFTER_DENIAL
        return
    lasts = timedelta(seconds=min(told.seconds, ASKED_SECONDS))
    lease.state, lease.reason, lease.attempts = "granted", "", 0
    lease.ends_at, lease.ask_at = now + lasts, now + lasts * RENEWED_AFTER


def _new(workspace_id: UUID, source_id: UUID, topic: str, version: int, now: datetime) -> HubLease:
    return HubLease(
        id=lease_id(source_id, topic),
        workspace_id=workspace_id,
        source_id=source_id,
        topic=topic,
        state="waiting",
        reason="",
        source_version=version,
        attempts=0,
        ask_at=now,
    )
