"""Each item has one outcome, whatever comes twice, changed, broken or by another way."""

import asyncio
import json

import pytest

from tests.ingest.running import an_activity, signed
from tests.ingest.spine import spine_of

pytestmark = pytest.mark.databases("sqlite", "postgresql")


@pytest.fixture
async def spine(ingest):
    return await spine_of(ingest)


def a_follow(**data) -> bytes:
    body = {"type": "follow.created", "timestamp": "2026-11-22T08:00:00Z"}
    return json.dumps({**body, "data": {"actor": {"external_id": "u1"}, **data}}).encode()


async def test_one_delivery_a_hundred_times_at_once_has_one_effect(ingest, spine) -> None:
    source = await ingest.add_source()

    async def knock() -> int:
        # As senders do: what a busy machine answered 503 comes again, and may have been kept twice.
        for _ in range(100):
            status = (await ingest.knock_signed(source, a_follow())).status_code
            if status != 503:
                break
            await asyncio.sleep(0.1)
        return status

    statuses = await asyncio.gather(*[knock() for _ in range(100)])
    assert {status // 100 for status in statuses} == {2}
    await spine.run()
    assert len(await spine.published()) == 1
    quality = await spine.quality()
    assert quality["received"] >= 100
    assert (quality["normalised"], quality["duplicates"]) == (1, quality["received"] - 1)


async def test_the_same_key_with_other_content_is_one_conflict(ingest, spine) -> None:
    source = await ingest.add_source()
    await ingest.knock_signed(source, a_follow())
    await ingest.knock_signed(source, a_follow(text="other"))
    await ingest.knock_signed(source, a_follow())
    await spine.run()
    assert len(await spine.published()) == 1
    quality = await spine.quality()
    assert (quality["normalised"], quality["conflicts"], quality["duplicates"]) == (1, 1, 1)
    shown = (await ingest.call("GET", "/deliveries")).json()["items"]
    assert [item["status"] for item in shown] == ["duplicate", "conflict", "done"]
    assert (await ingest.call("GET", "/deliveries?status=conflict")).json()["items"] == shown[1:2]


async def test_push_and_post_under_one_key_are_one_act(ingest, spine) -> None:
    channel = await ingest.add_channel()
    source = await ingest.add_source(channel)
    await ingest.knock_signed(source, a_follow())
    again = an_activity(channel, type="follow.created", dedup_key="msg_1")
    await ingest.call("POST", "/activities", [again])
    await spine.run()
    assert len(await spine.published()) == 1
    quality = await spine.quality()
    assert (quality["normalised"], quality["duplicates"]) == (1, 1)


async def test_the_same_act_on_another_channel_is_another_act(ingest, spine) -> None:
    for _ in range(2):
        await ingest.knock_signed(await ingest.add_source(), a_follow())
    await spine.run()
    assert len({event.activity.id for event in await spine.published()}) == 2


async def test_a_channel_named_in_another_spelling_is_the_same_channel(ingest, spine) -> None:
    channel = await ingest.add_channel()
    spelt = [channel["id"].replace("-", ""), channel["id"].upper()]
    sent = [an_activity(spelling, count=n + 1) for n, spelling in enumerate(spelt)]
    answer = await ingest.call("POST", "/activities", sent)
    accepted = answer.json()["accepted"]
    await spine.run()
    assert len(await spine.published()) == accepted == 2


async def test_what_was_refused_inside_a_post_is_counted_as_rejected(ingest, spine) -> None:
    channel = await ingest.add_channel()
    good = an_activity(channel)
    bad = an_activity(channel, count=0)
    nowhere = an_activity("01a20575-41c3-73c2-ae27-3b7d7e600cc8")
    answer = await ingest.call("POST", "/activities", [good, bad, nowhere])
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    assert [item["index"] for item in answer.json()["rejected"]] == [1, 2]
    await spine.run()
    quality = await spine.quality()
    assert (quality["received"], quality["normalised"], quality["rejected"]) == (3, 1, 2)


async def test_a_delivery_not_yet_split_is_one_pending_item(ingest, spine) -> None:
    channel = await ingest.add_channel()
    await ingest.call("POST", "/activities", [an_activity(channel), an_activity(channel, text="b")])
    quality = await spine.quality()
    assert (quality["received"], quality["pending"]) == (1, 1)
    pending = (await ingest.call("GET", "/deliveries?status=pending")).json()["items"]
    assert len(pending) == 1
    await spine.run()
    quality = await spine.quality()
    assert (quality["received"], quality["pending"], quality["normalised"]) == (2, 0, 2)
    detail = await ingest.call("GET", f"/deliveries/{pending[0]['id']}")
    assert detail.json()["status"] == "done"


async def test_an_unknown_meaning_is_kept_and_never_counted(ingest, spine) -> None:
    source = await ingest.add_source()
    await ingest.knock_signed(source, b'{"type": "alien.landed", "data": {"x": 1}}')
    await spine.run()
    assert await spine.published() == []
    quality = await spine.quality()
    assert (quality["normalised"], quality["unmapped"], quality["failed"]) == (1, 1, 0)


async def test_a_crash_before_the_commit_changes_nothing_and_the_retry_counts_once(
    ingest, spine
) -> None:
    from mediaops_common import failpoints

    source = await ingest.add_source()
    await ingest.knock_signed(source, a_follow())
    failpoints.arm("normaliser.in_transaction=raise@1")
    try:
        with pytest.raises(failpoints.FailpointHit):
            await spine.run()
    finally:
        failpoints.arm("")
    assert await spine.published() == []
    successor = await spine_of(ingest)
    await successor.run()
    (event,) = await successor.published()
    assert event.activity.type == "follow.created"


async def test_a_holder_that_lost_its_shards_writes_nothing(ingest, spine) -> None:
    from mediaops_common.lease import LeaseLost

    source = await ingest.add_source()
    await ingest.knock_signed(source, a_follow())
    successor = await spine_of(ingest)  # the same owner, under new fencing numbers
    with pytest.raises(LeaseLost):
        await spine.run()
    await successor.run()
    assert len(await successor.published()) == 1


async def test_a_relay_that_dies_after_publishing_publishes_the_same_numbers_again(
    ingest, spine
) -> None:
    from mediaops_common import failpoints

    source = await ingest.add_source()
    await ingest.knock_signed(source, a_follow())
    failpoints.arm("archive_relay.after_publish=raise@1")
    try:
        with pytest.raises(failpoints.FailpointHit):
            await spine.run()
    finally:
        failpoints.arm("")
    successor = await spine_of(ingest)
    await successor.run()
    bus = ingest.runtime.bus
    numbers = []
    for partition in range((await bus.topic("mediaops.activity")).partitions):
        chunk = await bus.read("mediaops.activity", partition, 0, 1_000)
        numbers += [(r.slot, r.seq) for r in (chunk.records if chunk else ()) if r.kind == "event"]
    assert len(numbers) == 2
    assert len(set(numbers)) == 1


async def test_the_zone_of_a_workspace_is_fixed_by_its_first_activity(ingest, spine) -> None:
    found = (await ingest.call("GET", "/workspaces")).json()["items"][0]
    source = await ingest.add_source()
    await ingest.knock_signed(source, a_follow())
    await spine.run()
    answer = await ingest.call(
        "PATCH",
        f"/workspaces/{found['id']}",
        {"timezone": "Europe/Berlin"},
        headers={"If-Match": f'"{found["version"]}"'},
    )
    assert answer.status_code == 409, answer.text


async def test_an_item_that_our_own_code_cannot_read_fails_alone(
    ingest, spine, monkeypatch
) -> None:
    from mediaops_ingest.normaliser import reading

    encode = reading.encode

    def encode_most(event, **more):
        if event.activity.text == "poison":
            raise OverflowError
        return encode(event, **more)

    monkeypatch.setattr(reading, "encode", encode_most)
    channel = await ingest.add_channel()
    items = [an_activity(channel, text=text) for text in ("a", "poison", "b")]
    await ingest.call("POST", "/activities", items)
    await spine.run()
    assert [event.activity.text for event in await spine.published()] == ["a", "b"]
    (shown,) = (await ingest.call("GET", "/deliveries")).json()["items"]
    assert (shown["status"], shown["reason"]) == ("failed", "OverflowError while normalising")


async def test_what_came_in_a_trace_goes_on_in_it(ingest, spine) -> None:
    channel = await ingest.add_channel()
    source = await ingest.add_source(channel)
    trace = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
    proof = signed(source["secrets"]["secret"], a_follow(), ingest.clock.now())
    await ingest.knock(source, content=a_follow(), headers=proof | trace)
    await ingest.call("POST", "/activities", [an_activity(channel)], headers=trace)
    no_trace = {"traceparent": "00-nonsense"}
    await ingest.call("POST", "/activities", [an_activity(channel, text="2")], headers=no_trace)
    await spine.run()
    told = [envelope.traceparent for envelope, _ in await spine.enveloped()]
    assert sorted(told, key=str) == [*trace.values(), *trace.values(), None]


async def test_an_item_too_long_for_the_bus_fails_and_its_siblings_do_not(
    ingest, spine, monkeypatch
) -> None:
    monkeypatch.setattr("mediaops_ingest.normaliser.reading.LARGEST_EVENT", 5_000)
    channel = await ingest.add_channel()
    items = [an_activity(channel, text=text) for text in ("short", "long" * 2_000)]
    await ingest.call("POST", "/activities", items)
    await spine.run()
    assert [event.activity.text for event in await spine.published()] == ["short"]
    quality = await spine.quality()
    assert (quality["normalised"], quality["failed"]) == (1, 1)
    (shown,) = (await ingest.call("GET", "/deliveries?status=failed")).json()["items"]
    assert shown["reason"] == "its event is longer than 5000 bytes"


MAPPING = {
    "applies_to": "all",
    "activities": [
        {
            "type": "like.created",
            "occurred_at": "=received_at",
            "context": {"region": "=item.data.region"},
        }
    ],
}


@pytest.mark.parametrize(
    ("settings", "data", "place"),
    [
        ({}, {"context": {"region": "区" * 256}}, "context.region"),
        ({}, {"region": "区" * 256}, "context.region"),
        ({"mapping": MAPPING}, {"region": "区" * 256}, "activities[0].context.region"),
    ],
    ids=["context", "unknown field", "mapping"],
)
async def test_a_region_that_is_too_long_fails_its_item_and_is_named(
    ingest, spine, settings, data, place
) -> None:
    source = await ingest.add_source(**settings)
    await ingest.knock_signed(source, a_follow(**data))
    await spine.run()
    [told] = (await ingest.call("GET", "/deliveries")).json()["items"]
    assert (told["status"], told["reason"]) == (
        "failed",
        f"{place}: is longer than 255 characters",
    )
    assert await spine.published() == []


async def test_a_region_of_255_characters_is_published_whole(ingest, spine) -> None:
    source = await ingest.add_source()
    await ingest.knock_signed(source, a_follow(region="区" * 255))
    await spine.run()
    [event] = await spine.published()
    assert event.activity.context == {"region": "区" * 255}
