"""Counts over days against sets and loops."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mediaops_common.audience.windows import active_days, first_days, in_order, trailing_counts
from pyroaring import BitMap

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

histories = st.lists(st.frozensets(st.integers(0, 30), max_size=12), min_size=1, max_size=60)


@patient
@given(histories, st.integers(1, 30))
def test_a_trailing_window_counts_everybody_once(days: list[frozenset[int]], window: int) -> None:
    expected = [
        len(frozenset().union(*days[end - window : end])) for end in range(window, len(days) + 1)
    ]
    assert trailing_counts([BitMap(day) for day in days], window) == expected


@patient
@given(st.lists(st.frozensets(st.integers(0, 20), max_size=12), min_size=1, max_size=28))
def test_active_days_are_counted_exactly(days: list[frozenset[int]]) -> None:
    everybody = frozenset().union(*days)
    per_actor = [sum(actor in day for day in days) for actor in everybody]
    expected = [per_actor.count(number) for number in range(1, len(days) + 1)]
    bitmaps = [BitMap(day) for day in days]
    assert active_days(bitmaps) == expected
    assert bitmaps == [BitMap(day) for day in days], "the bitmaps given are left as they were"


@patient
@given(histories)
def test_active_days_add_up_to_the_window_and_to_its_days(days: list[frozenset[int]]) -> None:
    bitmaps = [BitMap(day) for day in days]
    exactly = active_days(bitmaps)
    assert sum(exactly) == trailing_counts(bitmaps, len(bitmaps))[0]
    assert sum(number * count for number, count in enumerate(exactly, 1)) == sum(map(len, bitmaps))


@patient
@given(histories, st.frozensets(st.integers(0, 30)))
def test_a_first_day_is_the_first_on_which_somebody_unseen_came(
    days: list[frozenset[int]], before: frozenset[int]
) -> None:
    seen, expected = set(before), {}
    for number, day in enumerate(days, 100):
        if day - seen:
            expected[number] = day - seen
        seen |= day
    maps = {number: BitMap(day) for number, day in enumerate(days, 100)}
    found = first_days(maps, BitMap(before), 100, 100 + len(days) - 1)
    assert {day: frozenset(new) for day, new in found} == expected


def test_days_without_anybody_are_empty() -> None:
    assert in_order({5: BitMap([1])}, 4, 6) == [BitMap(), BitMap([1]), BitMap()]
