"""Quality: items by source and by day received, by outcome."""

from collections import Counter
from typing import Any

from mediaops_simulator.check.scene import Scene
from mediaops_simulator.truth.book import NOBODY

__all__ = ["check_quality"]

_REPEATED = ("duplicates", "conflicts", "rejected", "failed")
"""What a request may be counted as once more when it is sent again."""
_OUTCOMES = ("normalised", *_REPEATED)


async def check_quality(scene: Scene) -> None:
    """Exact; where an answer got lost on the way, what was sent again may be counted once more.

    What was normalised is exact all the same.
    """
    area = scene.tally.area("quality")
    names = await _names_of_sources(scene)
    days = {day for _, _, day, _ in scene.book.outcomes}
    answer = await scene.api.get(
        "/ingest/v1/quality", **{"from": str(min(days)), "to": str(max(days))}
    )
    by_day = not scene.book.crossed_midnight
    found: Counter[str] = Counter()
    for row in answer["items"]:
        cell = _cell(names.get(row["source_id"], row["source_id"]), row["day"], by_day)
        for outcome in (*_OUTCOMES, "received"):
            found[f"{cell} {outcome}"] += row[outcome]
        area.cell(f"{cell} residual", 0, row["residual"])
        area.cell(f"{cell} pending", 0, row["pending"])
    expected: Counter[str] = Counter()
    for (account, via, day, outcome), count in scene.book.outcomes.items():
        cell = _cell(f"{account}/{via}", str(day), by_day)
        expected[f"{cell} {outcome}"] += count
        expected[f"{cell} received"] += count
    if scene.book.unsure:
        scene.tally.remarks.append(
            f"repeats by source: {scene.book.unsure} may have been kept twice"
        )
        more = [found[cell] - expected[cell] for cell in found | expected if _may_repeat(cell)]
        fits = all(count >= 0 for count in more) and sum(more) <= scene.book.unsure
        area.cell("as many repeats more as there may be", True, fits)
        expected, found = _without_repeats(expected), _without_repeats(found)
    if not by_day:
        scene.tally.remarks.append("quality by day: requests were sent across midnight")
    area.cells("", expected, found)


async def _names_of_sources(scene: Scene) -> dict[str, str]:
    """Source → `account/hook` or `account/api`."""
    sources: list[Any] = await scene.api.all_items("/ingest/v1/sources")
    return {
        source["id"]: f"{_account(scene, source['channel_id'])}/"
        f"{'api' if source['adapter'] == 'api' else 'hook'}"
        for source in sources
    }


def _account(scene: Scene, channel_id: str | None) -> str:
    return NOBODY if channel_id is None else scene.workplace.account_of(channel_id)


def _cell(source: str, day: str, by_day: bool) -> str:
    return f"{source} {day}" if by_day else source


def _may_repeat(cell: str) -> bool:
    return cell.rpartition(" ")[2] in _REPEATED


def _without_repeats(counts: Counter[str]) -> Counter[str]:
    exact = {
        cell: count
        for cell, count in counts.items()
        if not _may_repeat(cell) and not cell.endswith(" received")
    }
    return Counter(exact)
