"""The simulator's truth on histories that can be counted on the fingers."""

from collections import Counter
from dataclasses import replace
from datetime import date

from mediaops_simulator.company.acts import BROKEN, UNMAPPED
from mediaops_simulator.truth.audience import audience_of
from mediaops_simulator.truth.book import Book
from mediaops_simulator.truth.measures import Cell, active_actors, measure
from mediaops_simulator.truth.reading import as_it_was, as_misread
from mediaops_simulator.truth.retention import cohorts, returned

from tests.simulator.builders import RECEIVED, ZONE, a_book, a_sending, an_act, day


def outcomes(book: Book) -> dict[str, int]:
    total: Counter[str] = Counter()
    for (*_, outcome), count in book.outcomes.items():
        total[outcome] += count
    return dict(total)


def test_a_repeat_is_a_duplicate_and_another_content_a_conflict():
    act = an_act(1)
    book = a_book(act, act, replace(act, region="CN-XX"))
    assert outcomes(book) == {"normalised": 1, "duplicates": 1, "conflicts": 1}
    assert [line.act for line in book.lines] == [act]


def test_an_import_of_what_was_pushed_is_a_duplicate_whatever_it_says():
    act = an_act(1, account="kitchen")
    book = a_book(act)
    book.acknowledged(a_sending(replace(act, text="other"), via="api"), RECEIVED)
    assert outcomes(book) == {"normalised": 1, "duplicates": 1}


def test_what_cannot_be_read_fails_and_what_is_not_known_counts_for_nothing():
    book = a_book(an_act(1, type=BROKEN), an_act(1, type=UNMAPPED))
    assert outcomes(book) == {"failed": 1, "normalised": 1}
    assert measure(book, as_it_was, "activities", "day") == {}


def test_weeks_and_months_look_back_over_the_days_they_have():
    book = a_book(an_act(1, "ann"), an_act(7, "bob"), an_act(8, "bob"), an_act(28, "cat"))
    audience = audience_of(book, as_it_was)
    assert audience.stickiness(day(7)) == {"dau": 1, "wau": 2, "mau": 2}
    assert audience.stickiness(day(8)) == {"dau": 1, "wau": 1, "mau": 2}
    assert audience.stickiness(day(28)) == {"dau": 1, "wau": 1, "mau": 3}
    assert audience.stickiness(day(29)) == {"dau": 0, "wau": 1, "mau": 2}
    assert audience.histogram(day(28), 28) == {1: 2, 2: 1}


def test_one_id_on_two_douyin_accounts_is_one_person_and_on_two_wechat_accounts_two():
    book = a_book(
        an_act(1, account="kitchen"),
        an_act(1, account="ahe"),
        an_act(1, account="service", type="message.received"),
        an_act(1, account="notes", type="message.received"),
    )
    assert audience_of(book, as_it_was).stickiness(day(1))["dau"] == 3


def test_removals_and_the_account_itself_make_nobody_active():
    book = a_book(
        an_act(1, type="follow.removed"), an_act(1, by_account=True), an_act(1, person=None)
    )
    assert audience_of(book, as_it_was).active == {}
    assert sum(measure(book, as_it_was, "activities", "day").values()) == 3
    assert active_actors(book, as_it_was, "day") == {}


def test_growth_tells_new_from_resurrected():
    book = a_book(an_act(1, "ann"), an_act(2, "bob"), an_act(3, "ann"), an_act(3, "cat"))
    growth = audience_of(book, as_it_was).growth(day(3), day(3), day(2))
    assert growth == {"new": 1, "retained": 0, "resurrected": 1, "churned": 1}


def test_the_four_kinds_of_retention_differ():
    visits = [(1, "ann"), (2, "ann"), (3, "ann"), (1, "bob"), (4, "bob"), (1, "cat")]
    audience = audience_of(a_book(*(an_act(n, who) for n, who in visits)), as_it_was)
    (first, cohort), *rest = cohorts(audience, day(1), day(9)).items()
    assert (first, len(cohort), rest) == (day(1), 3, [])

    def back(kind: str, token: str) -> int:
        return returned(audience, cohort, first, kind, token, day(9))

    assert [back("on", n) for n in ("1", "2", "3")] == [1, 1, 1]
    assert [back("on_or_after", n) for n in ("1", "3", "4")] == [2, 1, 0]
    assert [back("consecutive", n) for n in ("1", "2", "3")] == [1, 1, 0]
    assert [back("bracket", n) for n in ("1-3", "3-5", "4-9")] == [2, 1, 0]


def test_the_mistaken_mapping_moves_likes_and_hides_coupons():
    book = a_book(
        an_act(1, type="favourite.created"),
        an_act(2, type="like.removed"),
        an_act(3, type="track.coupon"),
    )
    assert sum(measure(book, as_misread, "likes", "day").values()) == 2
    assert sum(measure(book, as_it_was, "likes", "day").values()) == 0
    assert sorted(audience_of(book, as_misread).active) == [day(1), day(2)]
    assert sorted(audience_of(book, as_it_was).active) == [day(1), day(3)]


def test_counts_add_up_by_count_but_activities_by_one():
    book = a_book(an_act(1, count=4), an_act(1, region="CN-ZJ"))
    assert measure(book, as_it_was, "views", "day") == {Cell("2026-03-01"): 5}
    assert measure(book, as_it_was, "activities", "day") == {Cell("2026-03-01"): 2}
    by_region = measure(book, as_it_was, "views", "hour", "region")
    assert by_region == {
        Cell("2026-03-01T04:00:00+00:00", ""): 4,
        Cell("2026-03-01T04:00:00+00:00", "CN-ZJ"): 1,
    }


def test_days_are_cut_in_the_zone_of_the_workspace():
    midnight = an_act(2, at=int(RECEIVED.replace(month=3, day=1, hour=16).timestamp()))
    before = replace(midnight, at=midnight.at - 1, key="k0")
    book = a_book(midnight, before)
    assert [book.day_of(line.act.at) for line in book.lines] == [day(2), day(1)]
    assert book.zone == ZONE
    assert book.first_day == date(2026, 3, 1)
