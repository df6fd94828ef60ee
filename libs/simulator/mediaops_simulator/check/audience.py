"""Stickiness, histogram and growth."""

from datetime import date, timedelta

from mediaops_simulator.check.scene import Scene
from mediaops_simulator.check.tally import Area
from mediaops_simulator.company.cast import ACCOUNTS
from mediaops_simulator.truth.audience import Audience, audience_of, days_between
from mediaops_simulator.truth.periods import next_period, start_of_day, starts_between

__all__ = ["check_growth", "check_histogram", "check_stickiness"]

_WINDOWS = (7, 28)


async def check_stickiness(scene: Scene) -> None:
    """Every day, for the workspace and for each channel."""
    area = scene.tally.area("stickiness")
    for account in (None, *(each.key for each in ACCOUNTS)):
        params = {} if account is None else {"channel_id": scene.channel(account)}
        answer = await scene.api.get(
            "/crm/v1/stickiness", **_range(scene.first, scene.last), **params
        )
        rows = {row["day"]: row for row in answer["items"]}
        audience = audience_of(scene.book, scene.reading, account and [account])
        area.cell(f"{account} rows", len(days_between(scene.first, scene.last)), len(rows))
        for day in days_between(scene.first, scene.last):
            row = rows.get(str(day), {})
            _check_day(area, f"{account or 'all'} {day}", audience, day, row, scene.grade(day))


def _check_day(
    area: Area,
    cell: str,
    audience: Audience,
    day: date,
    row: dict[str, object],
    grade: str | None,
) -> None:
    expected = audience.stickiness(day)
    for name, value in expected.items():
        area.cell(f"{cell} {name}", value, row.get(name))
    ratio = row.get("stickiness")
    area.ratio(
        f"{cell} stickiness",
        expected["dau"],
        expected["mau"],
        ratio if isinstance(ratio, dict) else {},
        grade,
    )


async def check_histogram(scene: Scene) -> None:
    """Every day, over a week and over four."""
    area = scene.tally.area("histogram")
    audience = audience_of(scene.book, scene.reading)
    for day in days_between(scene.first, scene.last):
        for window in _WINDOWS:
            answer = await scene.api.get(
                "/crm/v1/stickiness/histogram", day=str(day), window=window
            )
            found = {row["active_days"]: row["profiles"] for row in answer["items"]}
            expected = audience.histogram(day, window)
            area.cells(f"{day} window {window} active days", expected, found)


async def check_growth(scene: Scene) -> None:
    """Days, ISO weeks and calendar months."""
    area = scene.tally.area("growth")
    audience = audience_of(scene.book, scene.reading)
    for period in ("day", "week", "month"):
        starts = starts_between(scene.first, scene.last, period)
        answer = await scene.api.get(
            "/crm/v1/growth", period=period, **_range(starts[0], scene.last)
        )
        rows = {row["start"]: row for row in answer["items"]}
        area.cell(f"{period} rows", len(starts), len(rows))
        for start in starts:
            row = rows.get(str(start), {})
            end = next_period(start, period) - timedelta(days=1)
            expected = audience.growth(start, end, start_of_day(start - timedelta(days=1), period))
            for name, value in expected.items():
                area.cell(f"{period} {start} {name}", value, row.get(name))
            grown = expected["new"] + expected["resurrected"]
            quick = row.get("quick_ratio") or {}
            area.ratio(f"{period} {start} quick ratio", grown, expected["churned"], quick)


def _range(first: date, last: date) -> dict[str, str]:
    return {"from": str(first), "to": str(last)}
