"""The metric catalogue: by day and by hour, for the workspace and by group."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from mediaops_simulator.check.scene import Scene
from mediaops_simulator.check.tally import Area
from mediaops_simulator.truth.measures import MEASURES, Cell, active_actors, measure

__all__ = ["check_metrics"]

_DIMENSIONS = {"channel": "channel_id", "type": "type", "content": "content", "region": "region"}
"""Ours → as the catalogue calls them."""


async def check_metrics(scene: Scene) -> None:
    catalogue = {row["name"]: row for row in (await scene.api.get("/insights/v1/metrics"))["items"]}
    area = scene.tally.area("metrics")
    for metric in MEASURES:
        area.cell(f"{metric} is in the catalogue", True, metric in catalogue)
        for granularity in ("day", "hour"):
            await _check(scene, area, metric, granularity)
        for ours, theirs in _DIMENSIONS.items():
            if theirs in catalogue.get(metric, {}).get("dimensions", ()):
                await _check(scene, area, metric, "day", ours)
    await _check_active_actors(scene, area)


async def _check(
    scene: Scene, area: Area, metric: str, granularity: str, dimension: str | None = None
) -> None:
    expected = measure(scene.book, scene.reading, metric, granularity, dimension)
    rows = await _query(scene, metric, granularity, dimension)
    _compare(scene, area, f"{metric} by {granularity} {dimension or ''}", expected, rows)
    if dimension is None:
        area.cell(f"{metric} rows by {granularity}", _periods(scene, granularity), len(rows))


async def _check_active_actors(scene: Scene, area: Area) -> None:
    for dimension in (None, "channel"):
        expected = active_actors(scene.book, scene.reading, dimension)
        rows = await _query(scene, "active_actors", "day", dimension)
        _compare(scene, area, f"active_actors {dimension or ''}", expected, rows)


async def _query(
    scene: Scene, metric: str, granularity: str, dimension: str | None
) -> list[dict[str, Any]]:
    params = {
        "metric": metric,
        "granularity": granularity,
        "from": str(scene.first),
        "to": str(scene.last),
    }
    if dimension is not None:
        params["group_by"] = _DIMENSIONS[dimension]
    answer = await scene.api.get("/insights/v1/metrics/query", **params)
    items: list[dict[str, Any]] = answer["items"]
    return items


def _compare(
    scene: Scene, area: Area, name: str, expected: Counter[Cell], rows: Iterable[dict[str, Any]]
) -> None:
    found: Counter[Cell] = Counter()
    for row in rows:
        (group,) = row["group"].values() or ("",)
        cell = Cell(_same_start(row["start"]), scene.workplace.account_of(group or ""))
        found[cell] += row["value"]
    area.cells(name, expected, found)


def _same_start(start: str) -> str:
    """A day as it is; a moment in UTC, however it was written."""
    if len(start) == len("2026-11-22"):
        return start
    return datetime.fromisoformat(start).astimezone(UTC).isoformat()


def _periods(scene: Scene, granularity: str) -> int:
    if granularity == "day":
        return (scene.last - scene.first).days + 1
    zone = scene.book.zone
    begin = datetime.combine(scene.first, datetime.min.time(), tzinfo=zone)
    end = datetime.combine(scene.last + timedelta(days=1), datetime.min.time(), tzinfo=zone)
    return round((end.timestamp() - begin.timestamp()) / 3600)
