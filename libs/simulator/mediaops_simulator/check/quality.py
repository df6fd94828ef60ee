"""Quality: items by source and by day received, by outcome."""

from collections import Counter
from typing import Any

from mediaops_simulator.check.scene import Scene
from mediaops_simulator.truth.book import NOBODY

__all__ = ["check_quality"]

_OUTCOMES = ("normalised", "duplicates", "conflicts", "rejected", "failed")


async def check_quality(scene: Scene) -> None:
    """Exact unless an answer got lost on the way: then its repeat may be a duplicate more."""
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
            f"duplicates by source: {scene.book.unsure} requests may have been kept twice"
        )
        more = _total(found, "duplicates") - _total(expected, "duplicates")
        area.cell("as many duplicates more as there may be", True, 0 <= more <= scene.book.unsure)
        expected, found = _without_duplicates(expected), _without_duplicates(found)
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


def _total(counts: Counter[str], outcome: str) -> int:
    return sum(count for cell, count in counts.items() if cell.endswith(f" {outcome}"))


def _without_duplicates(counts: Counter[str]) -> Counter[str]:
    return Counter(
        {
            cell: count
            for cell, count in counts.items()
            if not cell.endswith((" duplicates", " received"))
        }
    )
