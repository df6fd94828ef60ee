"""Audience portraits over HTTP: dated, never overwritten, and how far an audience moved."""

from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mediaops_common.events import AudienceRecorded
from mediaops_common.http import encode_cursor
from mediaops_ingest.portraits.service import drift

from tests.ingest.workspaces.test_workspaces import outbox


def lines(dimension: str, **shares: float) -> list[dict]:
    return [{"dimension": dimension, "item": name, "share": one} for name, one in shares.items()]


async def record(ingest, channel, day="2026-11-20", *groups, **body):
    listed = [line for group in groups for line in group]
    body = {"day": day, "lines": listed} | body
    return await ingest.call("POST", f"/channels/{channel['id']}/audience", body)


async def listed(ingest, channel, **params):
    path = f"/channels/{channel['id']}/audience"
    answer = await ingest.call("GET", path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_portrait_is_kept_told_and_shown(ingest):
    channel = await ingest.add_channel()
    answer = await record(
        ingest,
        channel,
        "2026-11-20",
        [
            {"dimension": "age", "item": "18-23", "share": 0.3, "base_share": 0.2},
            {"dimension": "age", "item": "24-30", "share": 0.7, "tgi": 88.5},
            {"dimension": "city", "item": "成都", "share": 0.1},
        ],
        note="粉丝画像, favourites empty: below 3,000 followers",
    )
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert [line["tgi"] for line in made["lines"]] == [150.0, 88.5, None]
    assert (made["revision"], made["drift"]) == (1, None)
    told = (await outbox(ingest))[-1]
    assert isinstance(told, AudienceRecorded)
    assert (str(told.channel_id), told.lines[0].tgi) == (channel["id"], 150.0)
    assert (await listed(ingest, channel))["items"] == [made]


async def test_a_correction_of_a_day_keeps_what_was_there(ingest):
    channel = await ingest.add_channel()
    for share in (0.5, 0.6):
        await record(ingest, channel, "2026-11-20", lines("sex", f=share))
    found = (await listed(ingest, channel))["items"]
    assert [(one["revision"], one["lines"][0]["share"]) for one in found] == [(2, 0.6), (1, 0.5)]


async def test_the_drift_is_measured_from_the_newest_portrait_of_an_earlier_day(ingest):
    channel = await ingest.add_channel()
    await record(ingest, channel, "2026-11-01", lines("sex", f=0.5, m=0.5))
    await record(ingest, channel, "2026-11-10", lines("sex", f=0.9, m=0.1))
    await record(ingest, channel, "2026-11-10", lines("sex", f=0.6, m=0.4))
    await record(ingest, channel, "2026-11-20", lines("sex", f=0.8, m=0.2), lines("age", young=1))
    newest = (await listed(ingest, channel))["items"][0]
    assert newest["drift"] == {"sex": pytest.approx(0.2)}


async def test_portraits_are_paged_and_cut_by_days(ingest):
    channel = await ingest.add_channel()
    for day in range(1, 6):
        await record(ingest, channel, f"2026-11-0{day}", lines("sex", f=0.5))
    first = await listed(ingest, channel, limit=3)
    rest = await listed(ingest, channel, limit=3, after=first["next"])
    days = [one["day"] for one in first["items"] + rest["items"]]
    assert days == [f"2026-11-0{day}" for day in (5, 4, 3, 2, 1)]
    assert rest["next"] is None
    cut = await listed(ingest, channel, **{"from": "2026-11-02", "to": "2026-11-03"})
    assert [one["day"] for one in cut["items"]] == ["2026-11-03", "2026-11-02"]


async def test_two_days_and_two_channels_are_compared_item_by_item(ingest):
    one, other = await ingest.add_channel(), await ingest.add_channel()
    await record(ingest, one, "2026-11-01", lines("sex", f=0.5, m=0.5))
    await record(ingest, one, "2026-11-20", lines("sex", f=0.8, m=0.2))
    await record(ingest, other, "2026-11-20", lines("sex", f=0.1, x=0.9))
    path = f"/channels/{one['id']}/audience/compare"
    by_day = await ingest.call("GET", path, params={"day": "2026-11-20", "with_day": "2026-11-01"})
    (dimension,) = by_day.json()["dimensions"]
    assert dimension["drift"] == pytest.approx(0.3)
    assert dimension["shifts"][0] == {"item": "f", "share": 0.8, "with_share": 0.5}
    by_channel = await ingest.call("GET", path, params={"with_channel_id": other["id"]})
    (dimension,) = by_channel.json()["dimensions"]
    assert dimension["drift"] == pytest.approx(0.9)
    assert dimension["shifts"][0] == {"item": "x", "share": 0.0, "with_share": 0.9}


async def test_what_is_not_there_or_not_ours_is_not_found(ingest):
    channel = await ingest.add_channel()
    await ingest.add_workspace("other")
    foreign = await ingest.add_channel("other")
    path = f"/channels/{channel['id']}/audience/compare"
    assert (await ingest.call("GET", path)).status_code == 404
    await record(ingest, channel, "2026-11-01", lines("sex", f=1))
    for params in ({"day": "2026-11-02"}, {"with_channel_id": foreign["id"]}):
        assert (await ingest.call("GET", path, params=params)).status_code == 404
    for unknown in (foreign["id"], str(uuid4())):
        assert (await record(ingest, {"id": unknown}, "2026-11-01")).status_code == 404
        empty = await ingest.call("POST", f"/channels/{unknown}/audience", {})
        assert empty.status_code == 404
        answer = await ingest.call("GET", f"/channels/{unknown}/audience")
        assert answer.status_code == 404


@pytest.mark.parametrize(
    "line",
    [
        {"dimension": "sex", "item": "f", "share": 1.01},
        {"dimension": "sex", "item": "f", "share": -0.1},
        {"dimension": "", "item": "f", "share": 0.1},
        {"dimension": "sex", "item": "f", "share": 0.1, "base_share": 0},
        {"dimension": "sex", "item": "f", "share": 0.1, "extra": 1},
    ],
)
async def test_what_is_no_share_is_refused_by_field(ingest, line):
    channel = await ingest.add_channel()
    answer = await record(ingest, channel, "2026-11-01", [line])
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith("lines")


@pytest.mark.parametrize(
    "day",
    ["0001-01-01", "1999-12-31", "2026-11-25", "9999-12-31", "2026-11-20T00:00:00", "0", 0, 86_400],
)
async def test_a_day_that_nobody_can_know_of_is_refused(ingest, day):
    channel = await ingest.add_channel()
    answer = await record(ingest, channel, day, lines("sex", f=0.5))
    assert answer.status_code == 422, answer.text
    assert [one["field"] for one in answer.json()["errors"]] == ["day"]


async def test_a_day_may_be_tomorrow_where_that_begins_first(ingest):
    channel = await ingest.add_channel()
    for day in ("2000-01-01", "2026-11-24"):
        assert (await record(ingest, channel, day, lines("sex", f=0.5))).status_code == 201


@pytest.mark.parametrize("place", [(10**12, 1), (-(10**12), 1), (9_000_000, 1), (20_000, 2**62)])
async def test_a_place_that_no_page_gave_is_refused(ingest, place):
    channel = await ingest.add_channel()
    path = f"/channels/{channel['id']}/audience"
    answer = await ingest.call("GET", path, params={"after": encode_cursor(*place)})
    assert answer.status_code in {200, 422}, answer.text


async def test_an_item_is_named_once(ingest):
    channel = await ingest.add_channel()
    twice = lines("sex", f=0.1) * 2
    assert (await record(ingest, channel, "2026-11-01", twice)).status_code == 422


SHARES = st.dictionaries(st.sampled_from("abcde"), st.floats(0, 0.2), min_size=1)


@settings(deadline=None)
@given(SHARES, SHARES)
def test_a_drift_is_a_distance(one, other):
    assert drift(one, one) == 0
    assert drift(one, other) == drift(other, one)
    assert 0 <= drift(one, other) <= 1


def test_a_drift_takes_shares_as_they_are():
    # Small items are left out by the platform; what is missing is not made up.
    assert drift({"成都": 0.31}, {"成都": 0.4}) == 0.045
    assert drift({"a": 0.5, "b": 0.5}, {"b": 0.5, "c": 0.5}) == 0.5
