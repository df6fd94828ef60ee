"""The truth about counters, periods and corrections, on histories counted on the fingers."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from mediaops_simulator.company.counters import Level
from mediaops_simulator.truth.corrections import corrections, final_at
from mediaops_simulator.truth.measures import Cell
from mediaops_simulator.truth.periods import next_period, start_of, start_of_day, starts_between
from mediaops_simulator.truth.reported import (
    deliveries,
    duplicates,
    followers_reported,
    views_reported,
)

from tests.simulator.builders import RECEIVED, ZONE, a_book, an_act, day

NOON = an_act(1).at


def a_level(number: int, value: int, **more: object) -> Level:
    fields = {"account": "kitchen", "metric": "followers", "kind": "gauge", "content": None} | more
    return Level(value=value, at=NOON + (number - 1) * 86_400, **fields)  # type: ignore[arg-type]


def test_followers_stay_where_they_were_until_the_next_reading():
    book = a_book()
    for level in (a_level(1, 10), a_level(3, 12), a_level(2, 5, account="ahe")):
        book.level(level)
    found = followers_reported(book, day(1), day(4), "day", None)
    assert [found[Cell(str(day(n)))] for n in (1, 2, 3, 4)] == [10, 15, 17, 17]
    assert followers_reported(book, day(1), day(4), "month", "channel") == {
        Cell("2026-03-01", "kitchen"): 12,
        Cell("2026-03-01", "ahe"): 5,
    }


def test_a_counter_of_views_begins_at_nothing_and_a_corrected_reading_replaces_the_first():
    book = a_book()
    for number, value in ((1, 100), (2, 160), (2, 150), (4, 150)):
        book.level(a_level(number, value, metric="views", kind="cumulative", content="7"))
    assert views_reported(book, "day", "content") == {
        Cell("2026-03-01", "7"): 100,
        Cell("2026-03-02", "7"): 50,
    }


def test_a_report_told_of_another_counter_leaves_it_when_it_is_put_right():
    book = a_book()
    views = {"metric": "views", "kind": "cumulative"}
    for content, value in (("7", 100), ("8", 60)):
        book.level(a_level(1, value, content=content, **views))
    book.level(a_level(1, 90, content="8", **views), "by-hand")
    assert views_reported(book, "day", "content") == {
        Cell("2026-03-01", "7"): 100,
        Cell("2026-03-01", "8"): 90,
    }
    book.level(a_level(1, 97, content="7", **views), "by-hand")
    assert views_reported(book, "day", "content") == {
        Cell("2026-03-01", "7"): 97,
        Cell("2026-03-01", "8"): 60,
    }


def test_weeks_are_iso_weeks_and_months_calendar_months():
    assert start_of_day(date(2026, 3, 1), "week") == date(2026, 2, 23)
    assert start_of_day(date(2026, 3, 31), "month") == date(2026, 3, 1)
    assert next_period(date(2026, 12, 1), "month") == date(2027, 1, 1)
    assert starts_between(date(2026, 2, 28), date(2026, 3, 2), "week") == [
        date(2026, 2, 23),
        date(2026, 3, 2),
    ]


def test_an_hour_is_local_and_shown_in_utc():
    assert start_of(NOON + 1_799, "hour", ZONE) == "2026-03-01T04:00:00+00:00"
    assert start_of(NOON + 1_799, "hour", ZoneInfo("Asia/Kolkata")) == "2026-03-01T03:30:00+00:00"


def test_requests_and_repeats_are_counted_by_the_day_on_which_they_came():
    act = an_act(1)
    book = a_book(act, act)
    assert deliveries(book, "day", "channel") == {Cell("2026-03-31", "shop"): 2}
    assert duplicates(book, "month", None) == {Cell("2026-03-01"): 1}


def test_what_comes_after_a_day_is_final_is_a_correction():
    book = a_book(an_act(30), an_act(29), an_act(29, type="like.created"))
    assert final_at(book, day(30)).isoformat() == "2026-03-31T16:00:00+00:00"
    assert corrections(book, "activities", None) == {day(29): 2}
    assert corrections(book, "likes", None) == {day(29): 1}


def test_a_mended_reading_corrects_both_what_it_takes_back_and_what_it_brings():
    book = a_book(an_act(1, type="favourite.created"), an_act(1, type="track.coupon"))
    misread = (RECEIVED, RECEIVED + timedelta(hours=1))
    assert corrections(book, "likes", misread) == {day(1): 2}
    assert corrections(book, "favourites", misread) == {day(1): 1}
    assert corrections(book, "activities", misread) == {day(1): 4}


def test_what_a_mended_reading_brings_is_known_from_then_on():
    book = a_book(an_act(30, type="favourite.created"), an_act(30, type="track.coupon"))
    for hours, changes in ((1, {}), (13, {day(30): 3})):
        misread = (RECEIVED, RECEIVED + timedelta(hours=hours))
        assert corrections(book, "activities", misread) == changes
