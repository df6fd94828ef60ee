"""Numbers by region, and regions that are too long to count by: archives of old may hold them."""

import random
import string
from datetime import date
from typing import Any

import httpx
import pytest
from mediaops_common.events import ActivityRecorded
from mediaops_common.lengths import LONGEST_FILTER, LONGEST_ID

from tests.builders import channel
from tests.insights.builders import an_activity, recorded, retracted
from tests.insights.running import RunningInsights, get, refused

pytestmark = pytest.mark.databases("sqlite", "postgresql")

DAY = date(2026, 11, 20)
SPAN = {"metric": "activities", "from_": DAY, "to": DAY}
LONGEST = "区" * LONGEST_ID


def noise(length: int) -> str:
    """Letters that no database can pack into less."""
    return "".join(random.Random(length).choices(string.ascii_letters + string.digits, k=length))


async def by_region(client: httpx.AsyncClient) -> dict[str | None, int]:
    found = await get(client, "/metrics/query", group_by="region", **SPAN)
    return {item["group"]["region"]: item["value"] for item in found["items"] if item["value"]}


async def explained(client: httpx.AsyncClient) -> list[Any]:
    found = await get(client, "/metrics/explain", metric="activities", start=DAY)
    return [found["value"], found["counts"], [row["total"] for row in found["rows"]]]


@pytest.mark.parametrize("length", [LONGEST_ID + 1, 3_000, 20_000])
async def test_a_region_that_is_too_long_counts_as_none(
    insights: RunningInsights, acme: httpx.AsyncClient, globex: httpx.AsyncClient, length: int
) -> None:
    odd = [an_activity("like.created", DAY, region=noise(length), count=n) for n in (1, 2)]
    foreign = {"workspace": "globex", "on": channel("foreign")}
    await insights.apply(
        *(ActivityRecorded(activity=activity) for activity in odd),
        recorded("like.created", DAY, region=LONGEST),
        *(recorded("like.created", DAY, count=n, **foreign) for n in (1, 2)),
        recorded("like.created", DAY, region=LONGEST, **foreign),
    )
    assert await by_region(acme) == await by_region(globex) == {None: 2, LONGEST: 1}
    assert await explained(acme) == await explained(globex)
    found = await get(acme, "/metrics/query", region=LONGEST, **SPAN)
    assert [item["value"] for item in found["items"]] == [1]
    await insights.apply(*(retracted(activity) for activity in odd))
    assert await by_region(acme) == {LONGEST: 1}


async def test_a_rebuild_counts_it_alike(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    events = [recorded("like.created", DAY, region=noise(n)) for n in (2, LONGEST_ID, 256, 20_000)]
    await insights.apply(*events)
    before = await by_region(acme), await explained(acme)
    for event in reversed(events):
        await insights.apply(event, generation=2)
    await insights.swap(2)
    assert (await by_region(acme), await explained(acme)) == before
    assert before[0] == {None: 2, noise(2): 1, noise(LONGEST_ID): 1}


@pytest.mark.databases("sqlite")
async def test_filters_are_as_long_as_those_of_the_events_that_explain_leads_to(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    for name in ("region", "content"):
        assert await get(acme, "/metrics/query", **SPAN, **{name: "x" * LONGEST_FILTER})
        long = {name: "x" * (LONGEST_FILTER + 1)}
        assert await refused(acme, "/metrics/query", **SPAN, **long) == (422, name)
