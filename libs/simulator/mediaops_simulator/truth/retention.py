"""Retention in its four kinds, straight from the definitions."""

from datetime import date, timedelta

from mediaops_simulator.truth.audience import Audience

__all__ = ["cohorts", "returned"]


def cohorts(audience: Audience, first: date, last: date) -> dict[date, set[str]]:
    """First day → who was active then for the first time; days without anybody are left out."""
    found: dict[date, set[str]] = {}
    for person, day in audience.first_days().items():
        if first <= day <= last:
            found.setdefault(day, set()).add(person)
    return found


def returned(
    audience: Audience, cohort: set[str], day: date, kind: str, token: str, last: date
) -> int:
    """How many of the cohort of `day` came back; `last` is the last day of which anything is known.

    `token` is what the caller asks for: "7", or "1-7" for a bracket.
    """
    if kind == "bracket":
        begin, end = (int(part) for part in token.split("-"))
        return len(cohort & audience.within(_after(day, begin), _after(day, end)))
    n = int(token)
    if kind == "on":
        return len(cohort & audience.active.get(_after(day, n), set()))
    if kind == "on_or_after":
        return len(cohort & audience.within(_after(day, n), max(last, _after(day, n))))
    still = set(cohort)
    for each in range(1, n + 1):
        still &= audience.active.get(_after(day, each), set())
    return len(still)


def _after(day: date, days: int) -> date:
    return day + timedelta(days=days)
