"""Joins what was counted of external contents with what was registered of them."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from mediaops_common.activity_types import ENGAGEMENTS, VIEWS
from mediaops_common.events import PublicationRegistered
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.contents import repository
from mediaops_insights.contents.models import Publication
from mediaops_insights.contents.schemas import AtAgeRead, PerformanceRead
from mediaops_insights.names import service as names
from mediaops_insights.names.service import Contents
from mediaops_insights.registry import service as registry
from mediaops_insights.rollups import service as rollups
from mediaops_insights.snapshots import service as snapshots

__all__ = ["learn", "performance"]

COUNTED = {
    "likes": "like.created",
    "comments": "comment.created",
    "shares": "share.created",
    "favourites": "favourite.created",
}


async def learn(session: AsyncSession, events: Iterable[PublicationRegistered]) -> None:
    """Keeps what the events say, unless something newer is known already.

    The contents are numbered, so that they are listed before anything is counted of them.
    """
    contents: Contents = {}
    for event in events:
        known = await repository.version(session, event.workspace_id, event.publication_id)
        if known < event.version:
            await repository.replace(session, event)
            place = (event.workspace_id, event.channel_id)
            contents.setdefault(place, []).append(event.external_id)
    await names.number_contents(session, contents)


async def performance(
    session: AsyncSession,
    workspace_id: UUID,
    *,
    channel_ids: Collection[UUID] | None,
    external_id: str | None,
    below: int | None,
    limit: int,
) -> list[tuple[int, PerformanceRead | None]]:
    """(place, content), those met last first. It is None where nothing stands: what was counted
    was taken back, and nothing was registered or reported."""
    rows = await names.newest_contents(
        session,
        workspace_id,
        channel_ids=channel_ids,
        external_id=external_id,
        below=below,
        limit=limit,
    )
    if not rows:
        return []
    texts = {row.external_id for row in rows}
    published = await repository.publications(session, workspace_id, texts)
    counted = await rollups.ever(session, workspace_id, [(row.id, row.channel_id) for row in rows])
    reported = await snapshots.contents_now(
        session,
        workspace_id,
        [(row.channel_id, row.external_id) for row in rows],
        {key: row.published_at for key, row in published.items()},
    )
    platforms = {
        row.channel_id: row.platform for row in await registry.channels(session, workspace_id)
    }
    found: list[tuple[int, PerformanceRead | None]] = []
    for row in rows:
        key = (row.channel_id, row.external_id)
        tallies = counted.get(row.id, {})
        stands = any(tally.n for tally in tallies.values())
        shown = None
        if stands or key in published or key in reported:
            platform = platforms.get(row.channel_id)
            shown = _read(row, platform, published.get(key), tallies, reported.get(key))
        found.append((row.id, shown))
    return found


def _read(
    row: Any,
    platform: str | None,
    publication: Publication | None,
    counted: Mapping[str, rollups.Tally],
    reports: snapshots.ContentReports | None,
) -> PerformanceRead:
    def total(*types: str) -> int:
        return sum(counted[type_].total for type_ in types if type_ in counted)

    return PerformanceRead(
        channel_id=row.channel_id,
        platform=platform,
        external_id=row.external_id,
        content_id=publication.content_id if publication else None,
        publication_id=publication.publication_id if publication else None,
        title=publication.title if publication else None,
        published_at=publication.published_at if publication else None,
        activities=sum(tally.n for tally in counted.values()),
        activities_by_type={t: tally.n for t, tally in sorted(counted.items()) if tally.n},
        engagements=total(*ENGAGEMENTS),
        views=total(*VIEWS),
        views_reported=reports.total("views") if reports else None,
        **{name: total(type_) for name, type_ in COUNTED.items()},
        corrections=sum(tally.corrections for tally in counted.values()),
        reported=reports.totals() if reports else {},
        at_age=_at_age(reports) if reports else {},
    )


def _at_age(reports: snapshots.ContentReports) -> dict[str, dict[str, AtAgeRead | None]]:
    return {
        metric: {
            age: AtAgeRead(value=found[age].value, as_of=found[age].as_of) if age in found else None
            for age in snapshots.AGES
        }
        for metric, found in reports.at_age.items()
    }
