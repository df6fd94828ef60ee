"""What every answer should be, from a plain list of what stands: sets, dates and loops.

Written from the definitions, without a line of the service.
"""

import itertools
from collections import Counter
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from mediaops_common.events import Activity

DAY = timedelta(days=1)
SILENT = {"follow.removed", "like.removed"}

Active = dict[str, set[date]]
"""Actor → local days of activity."""


def active(activities: list[Activity], channel_id: UUID | None = None) -> Active:
    found: Active = {}
    for activity in activities:
        if activity.actor is None or activity.by_channel or activity.type in SILENT:
            continue
        if channel_id is not None and activity.channel_id != channel_id:
            continue
        local = activity.occurred_at.astimezone(ZoneInfo(activity.timezone)).date()
        found.setdefault(activity.actor.external_id, set()).add(local)
    return found


def days_between(first: date, last: date) -> list[date]:
    return [first + DAY * n for n in range((last - first).days + 1)]


def distinct(who: Active, first: date, last: date) -> set[str]:
    return {actor for actor, days in who.items() if any(first <= day <= last for day in days)}


def stickiness(who: Active, first: date, last: date) -> list[dict]:
    rows = []
    for day in days_between(first, last):
        dau = len(distinct(who, day, day))
        mau = len(distinct(who, day - 27 * DAY, day))
        rows.append(
            {
                "day": day.isoformat(),
                "dau": dau,
                "wau": len(distinct(who, day - 6 * DAY, day)),
                "mau": mau,
                "stickiness": dau / mau if mau else None,
            }
        )
    return rows


def histogram(who: Active, day: date, window: int) -> list[dict]:
    per_actor = Counter(
        sum(day - (window - 1) * DAY <= d <= day for d in days) for days in who.values()
    )
    return [{"active_days": n, "profiles": per_actor.get(n, 0)} for n in range(1, window + 1)]


def returned(days: set[date], cohort: date, kind: str, token: str) -> bool:
    if kind == "bracket":
        a, b = map(int, token.split("-"))
        return any(cohort + n * DAY in days for n in range(a, b + 1))
    n = int(token)
    if kind == "on":
        return cohort + n * DAY in days
    if kind == "on_or_after":
        return any(day >= cohort + n * DAY for day in days)
    return all(cohort + i * DAY in days for i in range(1, n + 1))


def retention(who: Active, first: date, last: date, kind: str, tokens: list[str]) -> list[dict]:
    rows = []
    for cohort in days_between(first, last):
        members = [days for days in who.values() if min(days) == cohort]
        if members:
            cells = [(t, sum(returned(d, cohort, kind, t) for d in members)) for t in tokens]
            rows.append({"cohort": cohort.isoformat(), "size": len(members), "cells": cells})
    return rows


def period_of(day: date, period: str) -> date:
    if period == "week":
        return day - timedelta(days=day.isoweekday() - 1)
    return date(day.year, day.month, 1) if period == "month" else day


def growth(who: Active, first: date, last: date, period: str) -> list[dict]:
    rows = []
    starts = sorted({period_of(day, period) for day in days_between(first, last)})
    for start in starts:
        before = period_of(start - DAY, period)
        now = {a for a, days in who.items() if start in {period_of(d, period) for d in days}}
        then = {a for a, days in who.items() if before in {period_of(d, period) for d in days}}
        old = {a for a, days in who.items() if min(days) < start}
        rows.append(
            {
                "start": start.isoformat(),
                "active": len(now),
                "new": len(now - old),
                "retained": len(now & then),
                "resurrected": len((now & old) - then),
                "churned": len(then - now),
            }
        )
    return rows


def lifecycle(days: set[date], today: date) -> str:
    ordered = sorted(days)
    if (today - ordered[0]).days < 7:
        return "new"
    returns = [b for a, b in itertools.pairwise(ordered) if (b - a).days > 30]
    if returns and (today - returns[-1]).days < 7:
        return "resurrected"
    idle = (today - ordered[-1]).days
    if idle <= 7:
        return "active"
    return "at_risk" if idle <= 14 else "dormant" if idle <= 30 else "churned"


def profiles(who: Active, today: date) -> dict[str, dict]:
    return {
        actor: {
            "first_active": min(days).isoformat(),
            "last_active": max(days).isoformat(),
            "lifecycle": lifecycle(days, today),
            "active_days_7": sum(today - 6 * DAY <= d <= today for d in days),
            "active_days_28": sum(today - 27 * DAY <= d <= today for d in days),
            "active_days": sorted(d.isoformat() for d in days if (max(days) - d).days < 64),
        }
        for actor, days in who.items()
    }
