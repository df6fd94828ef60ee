"""The replay against the truth: exactly the wrong events go, exactly the missing ones come."""

from datetime import datetime
from typing import Any

from mediaops_simulator.check.tally import Tally
from mediaops_simulator.company.cast import SHOP
from mediaops_simulator.system.mending import Mended
from mediaops_simulator.truth.book import Book
from mediaops_simulator.truth.reading import as_it_was, as_misread

__all__ = ["check_mending"]


def check_mending(tally: Tally, book: Book, mended: Mended) -> None:
    """The preview and the replay itself must both come to what the book says."""
    area = tally.area("replay")
    expected = expected_changes(book, mended.since, mended.at)
    for name, found in (("preview", mended.preview), ("replay", mended.done)):
        if found is None:
            continue
        for outcome, count in expected.items():
            area.cell(f"{name} {outcome}", count, _counted(found, outcome))


def expected_changes(book: Book, since: datetime | None, before: datetime) -> dict[str, int]:
    """How many of the shop's activities and counters that were received in between stay, are
    replaced, are taken back, are new."""
    counts = {"unchanged": 0, "changed": 0, "retracted": 0, "missing": 0}
    for line in book.lines:
        is_in_range = (since is None or line.received_at >= since) and line.received_at < before
        if line.act.account != SHOP.key or not is_in_range:
            continue
        old, new = as_misread(line.act), as_it_was(line.act)
        if old == new:
            counts["unchanged"] += old is not None
        elif old is None:
            counts["missing"] += 1
        else:
            counts["changed" if new is not None else "retracted"] += 1
    for taking in book.takings:
        if (since is None or taking.received_at >= since) and taking.received_at < before:
            counts["changed" if taking.is_misplaced else "unchanged"] += 1
    return counts


def _counted(found: dict[str, Any], outcome: str) -> Any:
    return found.get("counts", found).get(outcome, 0)
