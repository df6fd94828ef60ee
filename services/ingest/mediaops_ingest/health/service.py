"""Health of channels: what is heard of their sources, and what will go wrong soon."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from mediaops_common import outbox
from mediaops_common.events import ChannelHeard, ChannelSilent
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.channels.service import Channel
from mediaops_ingest.health import repository
from mediaops_ingest.health.models import SourceRhythm
from mediaops_ingest.health.repository import Newest
from mediaops_ingest.health.rhythm import allowed_seconds, with_gap
from mediaops_ingest.health.schemas import ChannelHealth, SecretHealth, SourceHealth, Warned
from mediaops_ingest.sources.models import SourceSecret
from mediaops_ingest.sources.service import Source

__all__ = ["listen", "of_channel"]

SOON = timedelta(days=14)
"""Time enough to ask for a new secret."""


async def of_channel(session: AsyncSession, channel: Channel, now: datetime) -> ChannelHealth:
    sources = await repository.sources_of(session, channel.workspace_id, channel.id)
    ids = [source.id for source in sources]
    newest = await repository.newest(session, ids)
    rhythms = await repository.rhythms(session, ids)
    secrets = await repository.secrets(session, ids)
    shown = [
        _health(
            source, newest.get(source.id), rhythms.get(source.id), secrets.get(source.id, []), now
        )
        for source in sources
    ]
    measured = [one for one in shown if one.enabled and one.allowed_seconds is not None]
    return ChannelHealth(
        channel_id=channel.id,
        last_received_at=max((one.received_at for one in newest.values()), default=None),
        last_event_at=max((one.event_at for one in newest.values() if one.event_at), default=None),
        is_silent=bool(measured) and all(one.is_silent for one in measured),
        sources=shown,
        warnings=list(_warnings(channel, shown, now)),
    )


def _health(
    source: Source,
    newest: Newest | None,
    rhythm: SourceRhythm | None,
    sets: Sequence[SourceSecret],
    now: datetime,
) -> SourceHealth:
    allowed = None if rhythm is None else allowed_seconds(rhythm.gaps)
    last = None if newest is None else newest.received_at
    quiet = None if last is None else max(0.0, (now - last).total_seconds())
    old = [one.live_until for one in sets[1:] if one.live_until and one.live_until > now]
    return SourceHealth(
        source_id=source.id,
        adapter=source.adapter,
        enabled=source.is_enabled,
        last_received_at=last,
        last_event_at=None if newest is None else newest.event_at,
        quiet_seconds=quiet,
        allowed_seconds=allowed,
        is_silent=source.is_enabled
        and allowed is not None
        and quiet is not None
        and quiet > allowed,
        secret=SecretHealth(
            since=sets[0].created_at,
            expires_at=sets[0].expires_at,
            old_live_until=max(old, default=None),
        )
        if sets
        else None,
    )


def _warnings(channel: Channel, sources: Sequence[SourceHealth], now: datetime) -> Iterator[Warned]:
    if not sources:
        yield Warned(code="no_source", source_id=None, detail="nothing can come for it yet")
    if len(channel.operators) == 1:
        detail = f"it depends on {channel.operators[0]} alone"
        yield Warned(code="one_operator", source_id=None, detail=detail)
    for source in sources:
        if not source.enabled:
            continue
        if source.last_received_at is None:
            detail = "nothing has come from it yet"
            yield Warned(code="never_heard", source_id=source.source_id, detail=detail)
        if source.is_silent:
            detail = f"quiet for {source.quiet_seconds:.0f} s, {source.allowed_seconds} are usual"
            yield Warned(code="silent", source_id=source.source_id, detail=detail)
        expires = source.secret.expires_at if source.secret else None
        if expires is not None and expires <= now:
            detail = f"its secret ended at {expires.isoformat()}"
            yield Warned(code="secret_expired", source_id=source.source_id, detail=detail)
        elif expires is not None and expires <= now + SOON:
            detail = f"its secret ends at {expires.isoformat()}"
            yield Warned(code="secret_expiring", source_id=source.source_id, detail=detail)


async def listen(session: AsyncSession, sources: Sequence[Source], now: datetime) -> None:
    """Notes how long each was quiet, and tells the bus of a silence that begins or ends."""
    ids = [source.id for source in sources]
    newest = await repository.newest(session, ids)
    known = await repository.rhythms(session, ids)
    for source in sources:
        heard, rhythm = newest.get(source.id), known.get(source.id)
        if heard is None or source.channel_id is None:
            continue
        last = heard.received_at
        if rhythm is None:
            rhythm = SourceRhythm(
                source_id=source.id,
                workspace_id=source.workspace_id,
                channel_id=source.channel_id,
                last_received_at=last,
                gaps=with_gap([], 0, last),
            )
            session.add(rhythm)
        elif last > rhythm.last_received_at:
            await _heard(session, rhythm, last)
        elif rhythm.silent_since is None:
            await _quiet(session, rhythm, now)


async def _heard(session: AsyncSession, rhythm: SourceRhythm, last: datetime) -> None:
    silent_since = rhythm.silent_since
    # A silence is what the rhythm is not: it does not count towards it.
    pause = 0.0 if silent_since else (last - rhythm.last_received_at).total_seconds()
    rhythm.gaps = with_gap(rhythm.gaps, pause, last)
    rhythm.last_received_at, rhythm.silent_since = last, None
    if silent_since is None:
        return
    told = ChannelHeard(
        workspace_id=rhythm.workspace_id,
        channel_id=rhythm.channel_id,
        source_id=rhythm.source_id,
        silent_since=silent_since,
        last_received_at=last,
    )
    await session.flush()
    await outbox.add(session, told, workspace_id=rhythm.workspace_id)


async def _quiet(session: AsyncSession, rhythm: SourceRhythm, now: datetime) -> None:
    allowed = allowed_seconds(rhythm.gaps)
    if allowed is None or (now - rhythm.last_received_at).total_seconds() <= allowed:
        return
    rhythm.silent_since = rhythm.last_received_at
    told = ChannelSilent(
        workspace_id=rhythm.workspace_id,
        channel_id=rhythm.channel_id,
        source_id=rhythm.source_id,
        last_received_at=rhythm.last_received_at,
        allowed_seconds=allowed,
        noticed_at=now,
    )
    await session.flush()
    await outbox.add(session, told, workspace_id=rhythm.workspace_id)
