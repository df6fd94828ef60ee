"""Every number over HTTP against a naive computation, whatever arrives in whatever order."""

import itertools
from datetime import timedelta

import httpx
import pytest
from hypothesis import given
from mediaops_common.audience import compact
from mediaops_crm.database import AUDIENCE

from tests.crm import naive
from tests.crm.histories import History, checked, histories
from tests.crm.running import RunningCrm, get

pytestmark = pytest.mark.slow

SPAN = timedelta(days=95)
TOKENS = {
    "on": ["0", "1", "7", "30"],
    "on_or_after": ["0", "1", "7", "30"],
    "bracket": ["0-0", "1-7", "8-14", "1-40", "1-7"],
    "consecutive": ["0", "1", "2", "5", "2"],
}

many = checked(8)


async def after(crm: RunningCrm, history: History) -> httpx.AsyncClient:
    await history.begin(crm)
    for number, batch in enumerate(history.batches):
        await crm.apply(*batch)
        if number == 1:
            async with crm.runtime.database.write() as session:
                await compact(session, AUDIENCE, 100, 1)
    return crm.client(history.slug)


@many
@given(histories())
async def test_stickiness_and_histogram(crm: RunningCrm, history: History) -> None:
    client = await after(crm, history)
    first, last = history.today - SPAN, history.today + naive.DAY
    for channel_id in (None, *history.channels):
        who = naive.active(history.standing, channel_id)
        found = await get(client, "/stickiness", from_=first, to=last, channel_id=channel_id)
        rows = [{**row, "stickiness": row["stickiness"]["value"]} for row in found["items"]]
        assert rows == naive.stickiness(who, first, last)
        for window in (7, 28):
            bars = await get(
                client,
                "/stickiness/histogram",
                day=history.today,
                window=window,
                channel_id=channel_id,
            )
            assert bars["items"] == naive.histogram(who, history.today, window)
            # The invariants of the definitions: everybody once, every active day once.
            days = [r for r in rows if r["day"] <= history.today.isoformat()][-window:]
            total = days[-1]["wau" if window == 7 else "mau"]
            assert sum(bar["profiles"] for bar in bars["items"]) == total
            active_days = sum(bar["active_days"] * bar["profiles"] for bar in bars["items"])
            assert active_days == sum(row["dau"] for row in days)


@many
@given(histories())
async def test_retention_of_every_kind(crm: RunningCrm, history: History) -> None:
    client = await after(crm, history)
    first, last = history.today - SPAN, history.today + naive.DAY
    for channel_id in (None, history.channels[0]):
        who = naive.active(history.standing, channel_id)
        for kind, tokens in TOKENS.items():
            found = await get(
                client,
                "/retention",
                from_=first,
                to=last,
                kind=kind,
                days=",".join(tokens),
                channel_id=channel_id,
            )
            rows = [
                {**row, "cells": [(c["days"], c["ratio"]["numerator"]) for c in row["cells"]]}
                for row in found["items"]
            ]
            assert rows == naive.retention(who, first, last, kind, tokens)
            for row in found["items"]:
                for cell in row["cells"]:
                    assert cell["ratio"]["denominator"] == row["size"]
                    assert cell["ratio"]["value"] == cell["ratio"]["numerator"] / row["size"]


@many
@given(histories())
async def test_growth_and_its_identities(crm: RunningCrm, history: History) -> None:
    client = await after(crm, history)
    first, last = history.today - SPAN, history.today + naive.DAY
    who = naive.active(history.standing)
    for period in ("day", "week", "month"):
        found = (await get(client, "/growth", from_=first, to=last, period=period))["items"]
        rows = [{k: v for k, v in row.items() if k != "quick_ratio"} for row in found]
        assert rows == naive.growth(who, first, last, period)
        for before, row in itertools.pairwise(found):
            assert row["active"] == row["new"] + row["retained"] + row["resurrected"]
            assert before["active"] == row["retained"] + row["churned"]
        for row in found:
            quick = row["quick_ratio"]
            assert quick["numerator"] == row["new"] + row["resurrected"]
            assert quick["denominator"] == row["churned"]
            expected = quick["numerator"] / row["churned"] if row["churned"] else None
            assert quick["value"] == expected


@many
@given(histories())
async def test_profiles_are_as_if_what_was_retracted_had_never_been(
    crm: RunningCrm, history: History
) -> None:
    client = await after(crm, history)
    expected = naive.profiles(naive.active(history.standing), history.today)
    listed = (await get(client, "/profiles", limit=1000))["items"]
    assert len(listed) == len(expected)
    for profile in listed:
        (identity,) = profile["identities"]
        one = await get(client, f"/profiles/{profile['id']}")
        wanted = expected[identity["external_id"]]
        assert {key: one[key] for key in wanted} == wanted
        assert {key: one[key] for key in profile} == profile
    counts = (await get(client, "/lifecycle"))["items"]
    for row in counts:
        who = {name for name, one in expected.items() if one["lifecycle"] == row["state"]}
        assert row["profiles"] == len(who)
        there = (await get(client, "/profiles", lifecycle=row["state"]))["items"]
        assert {profile["identities"][0]["external_id"] for profile in there} == who
