"""What stands beside a metric's value: its grade, its corrections, the period compared with."""

from datetime import date, timedelta
from typing import Any

from mediaops_simulator.check.scene import Scene
from mediaops_simulator.system.mending import Mended
from mediaops_simulator.truth.corrections import corrections, final_at
from mediaops_simulator.truth.measures import MEASURES, Cell, measure

__all__ = ["check_comparisons"]


async def check_comparisons(scene: Scene, mended: Mended | None) -> None:
    """Every metric that sums over acts, day by day."""
    await _check_grades(scene, mended)
    days = (scene.last - scene.first).days // 2
    await _check_compared(scene, "previous_period", scene.last - timedelta(days=days), days + 1)
    await _check_compared(scene, "same_weekday", scene.first, 7)


async def _check_grades(scene: Scene, mended: Mended | None) -> None:
    area = scene.tally.area("corrections")
    misread = None if mended is None or mended.since is None else (mended.since, mended.at)
    expected = {metric: corrections(scene.book, metric, misread) for metric in MEASURES}
    for row in await _query(scene, scene.first):
        day, cell = date.fromisoformat(row["start"]), f"{row['metric']} {row['start']}"
        grade = scene.grade(day)
        if grade is not None:
            area.cell(f"{cell} grade", grade, row["grade"])
        if not _became_final_meanwhile(scene, day):
            area.cell(f"{cell} corrections", expected[row["metric"]][day], row["corrections"])


async def _check_compared(scene: Scene, how: str, first: date, shift: int) -> None:
    area = scene.tally.area("compare")
    values = {metric: measure(scene.book, scene.reading, metric, "day") for metric in MEASURES}
    for row in await _query(scene, first, compare=how):
        other = date.fromisoformat(row["start"]) - timedelta(days=shift)
        cell = f"{how} {row['metric']} {row['start']}"
        area.cell(f"{cell} start", str(other), row["compare"]["start"])
        value = values[row["metric"]][Cell(str(other))]
        area.cell(f"{cell} value", value, row["compare"]["value"])


async def _query(scene: Scene, first: date, **more: str) -> list[dict[str, Any]]:
    days = {"from": str(first), "to": str(scene.last)}
    answer = await scene.api.get(
        "/insights/v1/metrics/query", metric=list(MEASURES), granularity="day", **days, **more
    )
    items: list[dict[str, Any]] = answer["items"]
    return items


def _became_final_meanwhile(scene: Scene, day: date) -> bool:
    """Then it is not known of each request whether it came before or after."""
    begun = min(line.received_at for line in scene.book.lines) - timedelta(minutes=1)
    return begun <= final_at(scene.book, day) <= scene.now
