"""The metric catalogue, by period and by group."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from mediaops_simulator.check.scene import Scene
from mediaops_simulator.check.tally import Area
from mediaops_simulator.truth.audience import days_between
from mediaops_simulator.truth.measures import MEASURES, Cell, active_actors, measure
from mediaops_simulator.truth.periods import starts_between
from mediaops_simulator.truth.reported import (
    deliveries,
    duplicates,
    followers_reported,
    views_reported,
)

__all__ = ["check_metrics"]

_PERIODS = ("hour", "day", "week", "month")

_RATES = {
    "engagement_rate_by_views": ("engagements", "views"),
    "engagement_rate_by_followers": ("engagements", "followers_reported"),
    "play_completion_rate": ("plays_completed", "views"),
    "like_rate": ("likes", "views"),
    "share_rate": ("shares", "views"),
}


async def check_metrics(scene: Scene) -> None:
    """Whatever the catalogue has and the truth can know."""
    catalogue: list[Any] = (await scene.api.get("/insights/v1/metrics"))["items"]
    area = scene.tally.area("metrics")
    area.cell("named metrics", [], sorted({*MEASURES, *_RATES} - {m["name"] for m in catalogue}))
    known = [metric for metric in catalogue if _is_known(scene, metric["name"])]
    for metric in catalogue:
        if metric not in known:
            scene.tally.remarks.append(f"metric {metric['name']}: the simulator cannot know it")
    for granularity in _PERIODS:
        offering = [m["name"] for m in known if granularity in m.get("granularities", _PERIODS)]
        await _check(scene, area, offering, granularity, None)
    for dimension in dict.fromkeys(d for metric in known for d in metric["dimensions"]):
        offering = [m["name"] for m in known if dimension in m["dimensions"]]
        # There are hundreds of contents, and an answer may have 50,000 cells.
        together = 1 if dimension == "content" else len(offering)
        for start in range(0, len(offering), together):
            await _check(scene, area, offering[start : start + together], "day", dimension)


def _is_known(scene: Scene, metric: str) -> bool:
    return metric in _RATES or _expected(scene, metric, "day", None) is not None


def _expected(
    scene: Scene, metric: str, granularity: str, dimension: str | None
) -> Counter[Cell] | None:
    """Every cell that is not 0; None for what the truth does not know."""
    book = scene.book
    if metric in MEASURES:
        return measure(book, scene.reading, metric, granularity, dimension)
    if metric == "active_actors":
        return active_actors(book, scene.reading, granularity, dimension)
    if metric == "views_reported":
        return views_reported(book, granularity, dimension)
    if metric == "followers_reported":
        return followers_reported(book, scene.first, scene.last, granularity, dimension)
    if metric == "deliveries" and scene.is_exact:
        return deliveries(book, granularity, dimension)
    if metric == "duplicates" and scene.is_exact:
        return duplicates(book, granularity, dimension)
    return None


async def _check(
    scene: Scene, area: Area, metrics: list[str], granularity: str, dimension: str | None
) -> None:
    """Several metrics that offer the period and the dimension, in one question a month."""
    params = {} if dimension is None else {"group_by": dimension}
    by_metric: dict[str, list[dict[str, Any]]] = {metric: [] for metric in metrics}
    for first, last in _slices(scene, granularity):
        answer = await scene.api.get(
            "/insights/v1/metrics/query",
            metric=metrics,
            granularity=granularity,
            **{"from": str(first), "to": str(last)},
            **params,
        )
        for row in answer["items"]:
            by_metric[row["metric"]].append(row)
    for metric, rows in by_metric.items():
        name = f"{metric} by {granularity}{' and ' + dimension if dimension else ''}"
        if dimension is None:
            area.cell(f"{name}, rows", _periods(scene, granularity), len(rows))
        if metric in _RATES:
            _check_rate(scene, area, name, _RATES[metric], rows, granularity, dimension)
        else:
            expected = _expected(scene, metric, granularity, dimension) or Counter()
            area.cells(name, expected, _found(scene, rows))


def _slices(scene: Scene, granularity: str) -> list[tuple[date, date]]:
    """Weeks and months show whole periods wherever they are cut, so they are asked for at once."""
    if granularity not in ("hour", "day"):
        return [(scene.first, scene.last)]
    starts = days_between(scene.first, scene.last)[::28]
    return [(start, min(start + timedelta(days=27), scene.last)) for start in starts]


def _check_rate(
    scene: Scene,
    area: Area,
    name: str,
    parts: tuple[str, str],
    rows: list[dict[str, Any]],
    granularity: str,
    dimension: str | None,
) -> None:
    above, below = (
        _expected(scene, part, granularity, dimension) or Counter[Cell]() for part in parts
    )
    for row in rows:
        cell = _cell(scene, row)
        area.ratio(f"{name} {cell}", above[cell], below[cell], row)
    area.cell(f"{name}, cells without a row", set(), (+above).keys() - _found(scene, rows).keys())


def _found(scene: Scene, rows: Iterable[dict[str, Any]]) -> Counter[Cell]:
    found: Counter[Cell] = Counter()
    for row in rows:
        found[_cell(scene, row)] += row["value"] or 0
    return found


def _cell(scene: Scene, row: dict[str, Any]) -> Cell:
    group = next(iter(row["group"].values()), None)
    return Cell(_same_start(row["start"]), scene.workplace.account_of(group or ""))


def _same_start(start: str) -> str:
    """A day as it is; a moment in UTC, however it was written."""
    if "T" not in start:
        return start
    return datetime.fromisoformat(start).astimezone(UTC).isoformat()


def _periods(scene: Scene, granularity: str) -> int:
    if granularity != "hour":
        return len(starts_between(scene.first, scene.last, granularity))
    zone = scene.book.zone
    begin = datetime.combine(scene.first, datetime.min.time(), tzinfo=zone)
    end = datetime.combine(scene.last + timedelta(days=1), datetime.min.time(), tzinfo=zone)
    return round((end.timestamp() - begin.timestamp()) / 3_600)
