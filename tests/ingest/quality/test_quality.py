"""Quality over HTTP: a row for every day and source, and no answer without a bound."""

import json
import math
import random
from collections import Counter
from datetime import timedelta

import pytest
from mediaops_ingest.deliveries.delays import bucket_of, longest_of
from mediaops_ingest.deliveries.reasons import reason_of
from mediaops_ingest.quality import service

from tests.ingest.running import NOW, an_activity
from tests.ingest.spine import spine_of

TODAY = {"from": "2026-11-22", "to": "2026-11-22"}


@pytest.fixture
async def spine(ingest):
    return await spine_of(ingest)


async def test_every_source_has_a_row_for_every_day(ingest):
    for _ in range(2):
        channel = await ingest.add_channel()
        await ingest.call("POST", "/activities", [an_activity(channel)])
    found = await ingest.call("GET", "/quality", params={"from": "2026-01-01", "to": "2026-01-03"})
    assert found.status_code == 200
    rows = [(row["day"], row["source_id"]) for row in found.json()["items"]]
    assert [day for day, _source in rows] == [
        day for day in ("2026-01-01", "2026-01-02", "2026-01-03") for _source in range(2)
    ]
    assert len(set(rows)) == 6
    zeros = {"received", "normalised", "pending", "residual"}
    assert all(row[name] == 0 for row in found.json()["items"] for name in zeros)


async def test_an_answer_without_end_is_refused(ingest, monkeypatch):
    channel = await ingest.add_channel()
    await ingest.call("POST", "/activities", [an_activity(channel)])
    monkeypatch.setattr(service, "MOST_ROWS", 2)
    for to, status in (("2026-01-02", 200), ("2026-01-03", 422)):
        answer = await ingest.call("GET", "/quality", params={"from": "2026-01-01", "to": to})
        assert answer.status_code == status
    assert answer.json()["errors"][0]["field"] == "from"


async def of_source(ingest, source_id, **params):
    answer = await ingest.call("GET", "/quality", params=params)
    assert answer.status_code == 200, answer.text
    return [row for row in answer.json()["items"] if row["source_id"] == source_id]


def a_like(occurred_at, **more) -> bytes:
    data = {"occurred_at": occurred_at.isoformat(), "actor": {"external_id": "u1"}} | more
    return json.dumps({"type": "like.created", "data": data}).encode()


async def test_every_number_is_what_counting_by_hand_gives(ingest, spine):
    source = await ingest.add_source()
    ages = [0.5] * 12 + [70.0] * 5 + [3_600.0, 90_000.0, 2_000_000.0]
    for number, age in enumerate(ages):
        body = a_like(NOW - timedelta(seconds=age))
        await ingest.knock_signed(source, body, id_=f"m{number}")
    await ingest.knock_signed(source, a_like(NOW - timedelta(seconds=0.5)), id_="m0")
    await ingest.knock_signed(source, a_like(NOW, text="other"), id_="m0")
    await ingest.knock_signed(source, a_like(NOW, count=0), id_="bad")
    await ingest.knock_signed(source, a_like(NOW, actor={"external_id": ""}), id_="worse")
    await ingest.knock_signed(source, b'{"type": "foo.bar", "data": {}}', id_="unknown")
    refused = await ingest.knock_signed(source, a_like(NOW), **{"webhook-signature": "v1,AAAA"})
    assert refused.status_code == 401
    ingest.clock.moment += timedelta(minutes=10)
    waiting = await ingest.knock_signed(source, a_like(NOW), id_="waiting")
    assert waiting.status_code == 202
    await spine.run()
    await ingest.knock_signed(source, a_like(NOW), id_="pending")
    (row,) = await of_source(ingest, source["id"], **TODAY)
    told = ("received", "normalised", "duplicates", "conflicts", "failed", "unmapped", "pending")
    assert [row[name] for name in told] == [27, 22, 1, 1, 2, 1, 1]
    assert (row["residual"], row["grade"]) == (0, "provisional")
    assert (row["duplicate_rate"], row["conflict_rate"]) == (1 / 27, 1 / 27)
    assert row["reject_rate"] == 2 / 27
    assert row["reasons"] == [
        {"outcome": "failed", "reason": name, "items": 1, "rate": 1 / 27}
        for name in ("actor", "count")
    ]
    assert (row["activities"], row["late"], row["late_share"]) == (21, 2, 2 / 21)
    assert row["late_after_seconds"] == 86_400
    assert 90_000 <= row["delay_p95_seconds"] <= 90_000 * 1.1
    assert (row["freshness_seconds"], row["event_freshness_seconds"]) == (0, 600)


async def test_what_was_refused_is_told_by_reason(ingest, spine):
    channel = await ingest.add_channel()
    good = an_activity(channel)
    homeless = {name: value for name, value in good.items() if name != "channel_id"}
    bad = [{**good, "count": 0}, {**good, "type": "no.such"}, {**good, "count": -1}, homeless]
    await ingest.call("POST", "/activities", [good, *bad])
    await spine.run()
    listed = (await ingest.call("GET", "/quality", params=TODAY)).json()["items"]
    (row,) = [row for row in listed if row["received"]]
    assert (row["rejected"], row["reject_rate"]) == (4, 0.8)
    reasons = [(one["outcome"], one["reason"], one["items"]) for one in row["reasons"]]
    assert reasons[0] == ("rejected", "count", 2)
    assert sorted(reasons[1:]) == [("rejected", "channel_id", 1), ("rejected", "type", 1)]


async def test_a_day_is_compared_with_the_same_weekday_of_the_weeks_before(ingest, spine):
    source = await ingest.add_source()
    counts = (6, 2, 4, 0, 5)
    for week, count in enumerate(counts):
        ingest.clock.moment = NOW + timedelta(weeks=week)
        for number in range(count):
            await ingest.knock_signed(source, a_like(NOW), id_=f"{week}-{number}")
        await spine.run()
    days = {"from": "2026-11-22", "to": "2026-12-20"}
    rows = {row["day"]: row for row in await of_source(ingest, source["id"], **days)}
    expected = [
        rows[day]["expected"] for day in rows if rows[day]["received"] or day > "2026-12-12"
    ]
    assert expected[:3] == [None, None, None]
    assert (rows["2026-12-13"]["expected"], rows["2026-12-13"]["completeness"]) == (4, 0)
    assert rows["2026-12-13"]["grade"] == "final"
    # The day is not over: a part of it is no drop.
    assert (rows["2026-12-20"]["expected"], rows["2026-12-20"]["completeness"]) == (3, None)
    ingest.clock.moment += timedelta(days=1)
    (row,) = await of_source(ingest, source["id"], **{"from": "2026-12-20", "to": "2026-12-20"})
    assert (row["received"], row["completeness"]) == (5, 5 / 3)


def test_a_percentile_is_never_too_low_and_at_most_a_tenth_too_high():
    chance = random.Random(1)
    for size in range(1, 200):
        delays = [chance.choice((0, 1, 60, 3e8)) * chance.random() for _ in range(size)]
        share = chance.uniform(0.01, 1)
        found = longest_of(Counter(map(bucket_of, delays)), share)
        exact = sorted(delays)[math.ceil(share * size) - 1]
        assert found is not None
        assert exact <= found + 0.001
        assert found <= max(1, exact * 1.1)


@pytest.mark.parametrize(
    ("detail", "reason"),
    [
        ("count: Expected `int` >= 1", "count"),
        ("activities[0].occurred_at: is no time", "occurred_at"),
        ("actor.external_id: is required", "actor"),
        ("what-a-sender-wrote: is bad", "item"),
        ("its event is longer than 5 bytes", "item"),
        (": is longer than 65536 bytes", "item"),
    ],
)
def test_a_reason_is_one_of_few_words(detail, reason):
    assert reason_of(detail) == reason
    assert reason_of(reason) == reason
