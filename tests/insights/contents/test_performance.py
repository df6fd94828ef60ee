"""`GET /insights/v1/contents/performance`."""

from datetime import UTC, datetime, timedelta

import httpx

from tests.builders import channel
from tests.insights.builders import a_publication, a_snapshot, recorded, retracted
from tests.insights.running import RunningInsights, get, refused

PUBLISHED = datetime(2026, 11, 10, 4, tzinfo=UTC)


async def test_activity_before_registration_counts(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(
        recorded("view.recorded", PUBLISHED, content="7301", count=40),
        recorded("like.created", PUBLISHED, content="7301", count=3),
        recorded("comment.created", PUBLISHED, content="7301"),
    )
    (before,) = (await get(acme, "/contents/performance"))["items"]
    assert (before["title"], before["activities"], before["views"]) == (None, 3, 40)
    await insights.hear(a_publication("7301", PUBLISHED, title="开箱"))
    (after,) = (await get(acme, "/contents/performance"))["items"]
    assert after["title"] == "开箱"
    assert after["engagements"] == 4
    assert after["activities_by_type"] == {
        "comment.created": 1,
        "like.created": 1,
        "view.recorded": 1,
    }
    assert after["views_reported"] is None
    assert after["platform"] == "douyin"


async def test_a_publication_is_listed_before_anything_happens(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.hear(a_publication("7301", PUBLISHED))
    (item,) = (await get(acme, "/contents/performance"))["items"]
    assert (item["external_id"], item["activities"], item["activities_by_type"]) == ("7301", 0, {})


async def test_values_at_equal_age_are_those_read_by_that_age(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    def after(value: int, **age: float) -> object:
        return a_snapshot("views", value, PUBLISHED + timedelta(**age), content="7301")

    await insights.apply(
        after(5, hours=-1),
        after(10, minutes=30),
        after(20, hours=1),
        after(30, hours=1, seconds=1),
        after(70, hours=20),
        after(900, days=7),
        after(1000, days=9),
    )
    await insights.hear(a_publication("7301", PUBLISHED))
    (item,) = (await get(acme, "/contents/performance"))["items"]
    assert item["views_reported"] == 1000
    at_age = {age: cell and cell["value"] for age, cell in item["at_age"]["views"].items()}
    assert at_age == {"1h": 20, "6h": 30, "24h": 70, "72h": None, "7d": 900}
    assert item["at_age"]["views"]["24h"]["as_of"] == "2026-11-11T00:00:00Z"


async def test_the_same_id_on_two_channels_is_two_contents(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(
        recorded("like.created", PUBLISHED, content="1", count=2),
        recorded("like.created", PUBLISHED, content="1", on=channel("side"), count=5),
    )
    found = (await get(acme, "/contents/performance"))["items"]
    assert {i["channel_id"]: i["likes"] for i in found} == {
        str(channel("main")): 2,
        str(channel("side")): 5,
    }
    (one,) = (await get(acme, "/contents/performance", channel_id=channel("side")))["items"]
    assert one["likes"] == 5
    assert len((await get(acme, "/contents/performance", content="1"))["items"]) == 2
    assert (await get(acme, "/contents/performance", content="2"))["items"] == []


async def test_what_was_taken_back_is_not_listed(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    wrong = recorded("like.created", PUBLISHED, content="misread")
    await insights.apply(wrong)
    await insights.apply(retracted(wrong.activity))
    assert (await get(acme, "/contents/performance"))["items"] == []


async def test_pages_show_every_content_once_newest_first(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    for number in range(7):
        await insights.apply(recorded("like.created", PUBLISHED, content=f"v{number}"))
    seen: list[str] = []
    after = None
    while True:
        page = await get(acme, "/contents/performance", limit=3, after=after)
        seen += [item["external_id"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == [f"v{number}" for number in reversed(range(7))]


async def test_a_foreign_channel_is_not_found(acme: httpx.AsyncClient) -> None:
    status, _ = await refused(acme, "/contents/performance", channel_id=channel("foreign"))
    assert status == 404
    assert await refused(acme, "/contents/performance", after="x") == (422, "after")
