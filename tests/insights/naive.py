"""What every answer should be, from a plain list of what stands: dates, filters and loops.

Written from the definitions, without a line of the service.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mediaops_common.events import Activity, ActivityRecorded, ActivityRetracted, Event

ENGAGING = {
    "like.created",
    "favourite.created",
    "comment.created",
    "share.created",
    "mention.created",
    "vote.cast",
    "gift.sent",
}
SILENT = {"follow.removed", "like.removed"}

MEASURES: dict[str, Callable[[Activity], int]] = {
    "activities": lambda a: 1,
    "views": lambda a: a.count if a.type == "view.recorded" else 0,
    "engagements": lambda a: a.count if a.type in ENGAGING else 0,
    "likes": lambda a: a.count if a.type == "like.created" else 0,
    "revenue": lambda a: a.value.amount_minor if a.value and a.type == "order.paid" else 0,
    "likes_removed": lambda a: a.count if a.type == "like.removed" else 0,
    "comments": lambda a: a.count if a.type == "comment.created" else 0,
    "follows": lambda a: int(a.type == "follow.created"),
    "unfollows": lambda a: int(a.type == "follow.removed"),
    "followers_net": lambda a: (a.type == "follow.created") - (a.type == "follow.removed"),
}

DIMENSIONS: dict[str, Callable[[Activity], str | None]] = {
    "channel": lambda a: str(a.channel_id),
    "content": lambda a: a.content.external_id if a.content else None,
    "type": lambda a: a.type,
    "region": lambda a: a.context.get("region"),
    "platform": lambda a: a.platform,
}


def local_day(activity: Activity) -> date:
    return activity.occurred_at.astimezone(ZoneInfo(activity.timezone)).date()


def start_of(activity: Activity, granularity: str) -> str:
    moment = activity.occurred_at.astimezone(UTC)
    if granularity == "minute":
        return shown(moment.replace(second=0, microsecond=0))
    if granularity == "hour":
        local = moment.astimezone(ZoneInfo(activity.timezone))
        past = timedelta(
            minutes=local.minute, seconds=local.second, microseconds=moment.microsecond
        )
        return shown(moment - past)
    return period_of(local_day(activity), granularity).isoformat()


def shown(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def period_of(day: date, granularity: str) -> date:
    if granularity == "week":
        return day - timedelta(days=day.isoweekday() - 1)
    return day.replace(day=1) if granularity == "month" else day


def cells(
    activities: Iterable[Activity],
    metric: str,
    granularity: str,
    group_by: tuple[str, ...] = (),
    **filters: str,
) -> Counter[Any]:
    """(start, group) → value, without zeros."""
    found: Counter[Any] = Counter()
    for activity in activities:
        if all(DIMENSIONS[name](activity) == value for name, value in filters.items()):
            group = tuple(DIMENSIONS[name](activity) for name in group_by)
            found[start_of(activity, granularity), group] += MEASURES[metric](activity)
    return Counter({key: value for key, value in found.items() if value})


def corrections(events: Iterable[Event], metric: str) -> Counter[str]:
    """day → what became known of it after it was final: what came, and what was taken back."""
    found: Counter[str] = Counter()
    for event in events:
        assert isinstance(event, ActivityRecorded | ActivityRetracted)
        activity = event.activity
        known_at = activity.known_at or activity.received_at
        if isinstance(event, ActivityRetracted):
            known_at = event.retracted_at
        day = local_day(activity)
        midnight = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(activity.timezone))
        is_late = known_at > midnight.astimezone(UTC) + timedelta(hours=24)
        if is_late and MEASURES[metric](activity):
            found[day.isoformat()] += 1
    return found


def active_actors(
    activities: Iterable[Activity], granularity: str, by_channel: bool = False
) -> dict[Any, int]:
    """(start, group) → distinct actors."""
    found: dict[Any, set[str]] = {}
    for activity in activities:
        if activity.actor is None or activity.by_channel or activity.type in SILENT:
            continue
        group = (str(activity.channel_id),) if by_channel else ()
        start = period_of(local_day(activity), granularity).isoformat()
        found.setdefault((start, group), set()).add(activity.actor.external_id)
    return {key: len(actors) for key, actors in found.items()}
