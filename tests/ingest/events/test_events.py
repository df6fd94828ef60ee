"""The archive as people read it: filtered, paged, and never another's."""

import base64
import json

import pytest
from mediaops_ingest.events import service

from tests.ingest.running import an_activity
from tests.ingest.spine import spine_of


@pytest.fixture
async def spine(ingest, monkeypatch):
    monkeypatch.setattr(service, "SECONDS", 60.0)  # a slow machine may not cut pages short
    monkeypatch.setattr(service, "CHUNKS", 3)
    return await spine_of(ingest)


async def texts(ingest, query: str = "", **more) -> list[str]:
    """Of all pages."""
    found, after = [], ""
    while True:
        answer = await ingest.call("GET", f"/events?{query}{after}", **more)
        assert answer.status_code == 200, answer.text
        found += [item["text"] for item in answer.json()["items"]]
        if answer.json()["next"] is None:
            return found
        after = f"&after={answer.json()['next']}"


async def post_one_by_one(ingest, spine, channel, count: int, **changes) -> None:
    """Each in a chunk of its own."""
    for number in range(count):
        await ingest.call(
            "POST", "/activities", [an_activity(channel, text=f"{number}", **changes)]
        )
        await spine.run()


async def test_a_page_is_filled_however_rare_the_wanted_is(ingest, spine) -> None:
    channel = await ingest.add_channel()
    await post_one_by_one(ingest, spine, channel, 8)
    await post_one_by_one(ingest, spine, channel, 3, type="share.created")
    answer = (await ingest.call("GET", "/events?type=share.created&limit=3")).json()
    assert [item["text"] for item in answer["items"]] == ["0", "1", "2"]
    assert answer["next"] is None
    answer = (await ingest.call("GET", "/events?type=share.created&limit=2")).json()
    assert (len(answer["items"]), answer["next"] is None) == (2, False)
    for limit in (1, 4, 11, 1000):
        assert len(await texts(ingest, f"limit={limit}")) == 11


async def test_what_a_source_brought_is_looked_for_with_its_channel_alone(
    ingest, spine, monkeypatch
) -> None:
    for number in range(5):
        channel = await ingest.add_channel()
        await ingest.call("POST", "/activities", [an_activity(channel, text=f"{number}")])
        await spine.run()
    everything = (await ingest.call("GET", "/events")).json()["items"]
    assert len(everything) == 5
    monkeypatch.setattr(service, "SECONDS", -1.0)
    monkeypatch.setattr(service, "CHUNKS", 1)  # no more than one is looked through for a page
    for one in everything:
        answer = await ingest.call("GET", f"/events?source_id={one['source_id']}")
        assert [found["text"] for found in answer.json()["items"]] == [one["text"]]


async def test_the_events_of_a_delivery_are_found_at_once(ingest, spine) -> None:
    channel = await ingest.add_channel()
    await post_one_by_one(ingest, spine, channel, 5)
    shown = (await ingest.call("GET", "/deliveries")).json()["items"]
    for number, delivery in enumerate(reversed(shown)):
        assert await texts(ingest, f"delivery_id={delivery['id']}") == [str(number)]
    await ingest.call("POST", "/activities", [an_activity(channel, text="waits")])
    waiting = (await ingest.call("GET", "/deliveries?status=pending")).json()["items"][0]
    assert await texts(ingest, f"delivery_id={waiting['id']}") == []


async def test_a_foreign_delivery_channel_or_source_is_not_found(ingest, spine) -> None:
    await ingest.add_workspace("other")
    channel = await ingest.add_channel("other")
    await ingest.call("POST", "/activities", [an_activity(channel)], workspace="other")
    await spine.run()
    (theirs,) = (await ingest.call("GET", "/deliveries", workspace="other")).json()["items"]
    for name, value in (
        ("delivery_id", theirs["id"]),
        ("source_id", theirs["source_id"]),
        ("channel_id", channel["id"]),
    ):
        assert (await ingest.call("GET", f"/events?{name}={value}")).status_code == 404


async def test_days_are_local_and_inclusive_and_moments_exclude_their_end(ingest, spine) -> None:
    channel = await ingest.add_channel()
    for moment in ("2026-11-20T15:59:59Z", "2026-11-20T16:00:00Z", "2026-11-21T16:00:00Z"):
        body = [an_activity(channel, text=moment, occurred_at=moment)]
        await ingest.call("POST", "/activities", body)
    await spine.run()
    first, second, third = "2026-11-20T15:59:59Z", "2026-11-20T16:00:00Z", "2026-11-21T16:00:00Z"
    for query, expected in (
        ("from=2026-11-20&to=2026-11-20", [first]),
        ("from=2026-11-21&to=2026-11-21", [second]),
        ("from=2026-11-21", [second, third]),
        (f"from={first}&to={second}", [first]),
        (f"from={second}&to=2026-11-22", [second, third]),
        (f"from={second}&to={second}", []),
    ):
        assert await texts(ingest, query) == expected, query
    assert (await ingest.call("GET", "/events?from=2026-11-22&to=2026-11-21")).status_code == 422


@pytest.mark.parametrize("path", ["/events", "/deliveries"])
async def test_a_forged_place_is_refused(ingest, path) -> None:
    for place in (["a"], [None], ["a", "b", "c"], [1, 2, None], [1.5], [2**70], [], {}, "x"):
        after = base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")
        answer = await ingest.call("GET", f"{path}?after={after}")
        assert answer.status_code == 422, (place, answer.text)


async def test_a_search_that_takes_long_goes_on_at_the_next_page(
    ingest, spine, monkeypatch
) -> None:
    channel = await ingest.add_channel()
    await post_one_by_one(ingest, spine, channel, 4)
    await post_one_by_one(ingest, spine, channel, 1, type="share.created")
    monkeypatch.setattr(service, "SECONDS", -1.0)
    answer = (await ingest.call("GET", "/events?type=share.created")).json()
    assert (answer["items"], answer["next"] is None) == ([], False)
    assert await texts(ingest, "type=share.created") == ["0"]
