"""The comparison finds what differs, and only that."""

from types import SimpleNamespace
from typing import Any

import pytest
from mediaops_simulator.check.mending import expected_changes
from mediaops_simulator.check.quality import check_quality
from mediaops_simulator.check.tally import Tally
from mediaops_simulator.truth.book import Book

from tests.simulator.builders import RECEIVED, ZONE, a_book, a_sending, an_act


def test_equal_cells_are_counted_and_a_different_one_is_kept():
    tally = Tally()
    area = tally.area("stickiness")
    area.cell("2026-03-01 dau", 3, 3)
    area.cell("2026-03-02 dau", 3, 4)
    assert (tally.compared, [d.cell for d in tally.differences]) == (2, ["2026-03-02 dau"])


def test_a_missing_row_differs_from_a_number_but_not_from_zero():
    area = Tally().area("growth")
    area.cells("day", {"a": 0, "b": 2}, {"a": 0, "c": 1})
    assert [(d.cell, d.expected, d.found) for d in area.differences] == [
        ("day b", 2, 0),
        ("day c", 0, 1),
    ]


def test_a_ratio_is_compared_in_all_its_parts():
    area = Tally().area("retention")
    area.ratio("right", 1, 3, {"numerator": 1, "denominator": 3, "value": 1 / 3})
    area.ratio("empty", 0, 0, {"numerator": 0, "denominator": 0, "value": None})
    assert area.differences == []
    area.ratio("zero", 0, 0, {"numerator": 0, "denominator": 0, "value": 0.0})
    area.ratio("absent", 0, 3, {})
    assert [d.cell for d in area.differences] == [
        "zero value",
        "absent numerator",
        "absent denominator",
        "absent value",
    ]


def test_the_replay_is_expected_to_touch_exactly_what_was_misread():
    kinds = ("view.recorded", "favourite.created", "like.removed", "track.coupon", "unmapped")
    book = a_book(*(an_act(1, type=kind) for kind in kinds))
    after = RECEIVED.replace(hour=5)
    assert expected_changes(book, RECEIVED, after) == {
        "unchanged": 1,
        "changed": 2,
        "retracted": 0,
        "missing": 1,
    }
    assert sum(expected_changes(book, None, RECEIVED).values()) == 0


def test_of_the_orders_of_one_request_all_but_the_first_were_told_of_another():
    orders = [an_act(1, type="order.paid", amount=100 * n, detail=f"o{n}") for n in range(1, 4)]
    book = Book(ZONE)
    book.acknowledged(a_sending(*orders), RECEIVED)
    after = RECEIVED.replace(hour=5)
    # Of the activities themselves nothing was misread.
    assert expected_changes(book, None, after) == {
        "unchanged": 3 + 1,
        "changed": 2,
        "retracted": 0,
        "missing": 0,
    }
    assert {level.content: level.value for level in book.levels} == {
        "o1": 100,
        "o2": 200,
        "o3": 300,
    }


def a_scene(unsure: int, **counted: int) -> Any:
    """One act was taken; the system counted so many outcomes of the shop's source."""
    book = a_book(an_act(1))
    book.unsure = unsure
    outcomes = ("normalised", "duplicates", "conflicts", "rejected", "failed", "pending")
    row = {"source_id": "s", "day": "2026-03-31", "residual": 0} | dict.fromkeys(outcomes, 0)
    row |= {"received": sum(counted.values()), **counted}

    async def get(path: str, **params: Any) -> Any:
        return {"items": [row]}

    async def all_items(path: str) -> Any:
        return [{"id": "s", "channel_id": "c", "adapter": "standard-webhooks"}]

    return SimpleNamespace(
        api=SimpleNamespace(get=get, all_items=all_items),
        book=book,
        tally=Tally(),
        workplace=SimpleNamespace(account_of=lambda channel_id: "shop"),
    )


@pytest.mark.parametrize(
    ("unsure", "counted", "differ"),
    [
        (0, {"normalised": 1}, 0),
        (0, {"normalised": 1, "rejected": 1}, 2),
        (1, {"normalised": 1, "rejected": 1}, 0),
        (1, {"normalised": 1, "duplicates": 1}, 0),
        (1, {"normalised": 1, "rejected": 1, "failed": 1}, 1),
        (1, {"normalised": 2}, 1),
    ],
)
async def test_quality_is_exact_but_for_what_may_have_been_kept_twice(unsure, counted, differ):
    scene = a_scene(unsure, **counted)
    await check_quality(scene)
    assert len(scene.tally.differences) == differ
