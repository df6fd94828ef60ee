"""One person's days and the lifecycle state that follows from them; no database."""

from datetime import date, timedelta
from itertools import accumulate

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mediaops_common.zones import number_of
from mediaops_crm.actors.service import Recency
from mediaops_crm.lifecycle.service import LifecycleState, state_of

from tests.crm import naive

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

TODAY = date(2026, 11, 22)
NUMBER = number_of(TODAY)

gaps = st.one_of(
    st.sampled_from([1, 7, 8, 14, 15, 29, 30, 31, 32, 33, 63, 64, 65]), st.integers(1, 90)
)


@st.composite
def active_days(draw: st.DrawFn) -> list[int]:
    """Days back from tomorrow, with gaps at which a state or a mask just holds or just ends."""
    start = draw(st.one_of(st.integers(-1, 40), st.sampled_from([6, 7, 8, 14, 15, 30, 31])))
    back = accumulate([start, *draw(st.lists(gaps, max_size=6))])
    return [NUMBER - days for days in back]


def day_of(number: int) -> date:
    return TODAY + timedelta(days=number - NUMBER)


@patient
@given(active_days(), st.randoms())
def test_recency_does_not_depend_on_the_order_of_days(days: list[int], order) -> None:
    whole = Recency.of(days)
    shuffled = [*days, *days[:2]]
    order.shuffle(shuffled)
    grown = Recency.of(shuffled[:1])
    assert grown is not None
    for day in shuffled[1:]:
        grown = grown.with_day(day)
    assert grown == whole


@patient
@given(active_days())
def test_recency_survives_being_stored(days: list[int]) -> None:
    recency = Recency.of(days)
    assert recency is not None
    assert -(2**63) <= recency.stored_mask < 2**63
    assert Recency.stored(recency.first, recency.last, recency.stored_mask) == recency


@patient
@given(active_days())
def test_the_mask_holds_the_days_of_the_last_64(days: list[int]) -> None:
    recency = Recency.of(days)
    assert recency is not None
    assert recency.days() == sorted(day for day in days if max(days) - day < 64)
    for window in (7, 28):
        expected = sum(NUMBER - window < day <= NUMBER for day in days)
        assert recency.active_days(NUMBER, window) == expected


@patient
@given(active_days())
def test_the_state_is_the_one_of_the_definition(days: list[int]) -> None:
    assert state_of(Recency.of(days), NUMBER) == naive.lifecycle({*map(day_of, days)}, TODAY)


def test_nobody_without_a_day_has_a_state() -> None:
    assert state_of(Recency.of([]), NUMBER) is None


def test_states_change_on_the_days_that_the_definition_names() -> None:
    once = Recency.of([NUMBER])
    states = [state_of(once, NUMBER + days) for days in range(33)]
    expected = ["new"] * 7 + ["active"] + ["at_risk"] * 7 + ["dormant"] * 16 + ["churned"] * 2
    assert states == [LifecycleState(name) for name in expected]


def test_who_comes_back_after_a_long_gap_is_resurrected_for_a_week() -> None:
    back = Recency.of([NUMBER, NUMBER + 31])
    states = [str(state_of(back, NUMBER + 31 + days)) for days in range(9)]
    assert states == ["resurrected"] * 7 + ["active", "at_risk"]
    too_early = Recency.of([NUMBER, NUMBER + 30])
    assert state_of(too_early, NUMBER + 30) == "active"
