"""The company is the same for the same seed, and believable."""

from collections import Counter
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from mediaops_simulator.company.acts import Act
from mediaops_simulator.company.cast import ACCOUNTS
from mediaops_simulator.company.life import Company
from mediaops_simulator.plan.batches import BATCH, sendings_of
from mediaops_simulator.plan.mishaps import Mishaps

DAYS = 20


def a_company(seed: int = 1, zone: str = "Asia/Shanghai") -> Company:
    anchor = date(2026, 11, 22)
    return Company(seed, anchor=anchor, days=DAYS, zone=ZoneInfo(zone), scale=0.3)


def history(company: Company) -> list[list[Act]]:
    return [company.day(day) for day in range(DAYS)]


@pytest.fixture(scope="module")
def days() -> list[list[Act]]:
    return history(a_company())


def test_one_seed_is_one_company(days: list[list[Act]]):
    assert history(a_company()) == days
    assert history(a_company(seed=2)) != days


def test_no_two_acts_share_a_key(days: list[list[Act]]):
    keys = [(act.account, act.key) for acts in days for act in acts]
    assert len(keys) == len(set(keys))


def test_a_hit_brings_people_and_a_wave_takes_them_away(days: list[list[Act]]):
    hit = DAYS // 2
    joins = [sum(act.type == "follow.created" for act in acts) for acts in days]
    goes = [sum(act.type == "follow.removed" for act in acts) for acts in days]
    assert max(joins[hit : hit + 4]) > 2 * max(joins[1:hit])
    assert sum(goes[hit + 4 : hit + 9]) > 3 * sum(goes[:hit])


def test_a_channel_goes_quiet_and_wakes_again(days: list[list[Act]]):
    notes = [sum(act.account == "notes" for act in acts) for acts in days]
    assert set(notes[12:16]) <= {0, 1}  # somebody may still leave
    assert sum(notes[16:]) > 0


def test_a_request_holds_what_its_platform_would_put_in_it(days: list[list[Act]]):
    for sending in sendings_of(days[5]):
        assert len(sending.acts) == 1 or sending.account == "shop"
        assert len(sending.acts) <= BATCH


def test_everything_arrives_and_mishaps_come_on_top(days: list[list[Act]]):
    mishaps, arrived = Mishaps(1), []
    for day, acts in enumerate(days):
        arrived += mishaps.befall(sendings_of(acts), day)
    arrived += mishaps.still_to_come()
    genuine = Counter(s.key for s in arrived if s.attempt == 1)
    assert genuine == Counter(s.key for acts in days for s in sendings_of(acts))
    assert sum(s.is_forged for s in arrived) > 2
    assert {s.attempt for s in arrived} == {1, 2, 3, 4, 5, 6, 7}
    assert {account.key for account in ACCOUNTS} == {s.account for s in arrived}


def test_a_repeat_never_arrives_before_what_it_repeats(days: list[list[Act]]):
    mishaps, seen = Mishaps(3), set()
    for day, acts in enumerate(days):
        for sending in mishaps.befall(sendings_of(acts), day):
            thing = (sending.account, sending.key)
            assert sending.attempt == 1 or thing in seen
            seen.add(thing)
