"""Deliveries as people see them: waiting and settled ones, their pages, their raw bytes."""

import base64
from datetime import timedelta

import pytest

from tests.ingest.running import an_activity
from tests.ingest.spine import spine_of


@pytest.fixture
async def spine(ingest):
    return await spine_of(ingest)


async def listed(ingest, query: str = "", **more) -> list[str]:
    """The ids of all pages."""
    found, after = [], ""
    while True:
        answer = await ingest.call("GET", f"/deliveries?{query}{after}", **more)
        assert answer.status_code == 200, answer.text
        found += [item["id"] for item in answer.json()["items"]]
        if answer.json()["next"] is None:
            return found
        after = f"&after={answer.json()['next']}"


async def test_pages_show_each_once_while_some_wait_and_some_are_settled(ingest, spine) -> None:
    channel = await ingest.add_channel()
    sent = []
    for number in range(11):
        body = [an_activity(channel, text=str(number))]
        sent.append((await ingest.call("POST", "/activities", body)).json()["delivery_id"])
        if number == 5:
            await spine.run()
    newest_first = sent[::-1]
    for limit in (1, 2, 5, 6, 11, 100):
        assert await listed(ingest, f"limit={limit}") == newest_first
    assert await listed(ingest, "status=pending&limit=2") == newest_first[:5]
    assert await listed(ingest, "status=done&limit=4") == newest_first[5:]


async def test_what_waits_is_looked_through_without_its_bodies(ingest, spine, monkeypatch) -> None:
    channel = await ingest.add_channel()
    for number in range(3):
        await ingest.call(
            "POST", "/activities", [an_activity(channel, text="x" * 9_000 + str(number))]
        )

    async def refuse(*_, **__):
        raise AssertionError("bodies were read")

    monkeypatch.setattr(ingest.log, "read", refuse)
    assert len(await listed(ingest)) == 3
    assert (await spine.quality())["pending"] == 3
    lag = await ingest.call("GET", "/admin/lag", workspace="*", role="operator")
    assert lag.json()["pending"] >= 3


async def test_a_binary_body_is_shown_as_it_came(ingest, spine) -> None:
    source = await ingest.add_source()
    body = b'{"type": "x", "data": {"name": "\xe5\xb0\x8f\xe7\x8e\x8b"}}'
    sent = await ingest.knock_signed(source, body)
    path = f"/deliveries/{sent.headers['x-delivery-id']}/raw"
    for _ in range(2):  # while it waits, and when it is settled
        raw = (await ingest.call("GET", path)).json()
        assert (raw["body_text"], base64.b64decode(raw["body_base64"])) == (body.decode(), body)
        assert ["webhook-id", "msg_1"] in raw["headers"]
        await spine.run()


async def test_who_may_see_the_raw_bytes(ingest, spine) -> None:
    await ingest.add_workspace("other")
    source, second = await ingest.add_source(), await ingest.add_source()
    sent = await ingest.knock_signed(source)
    await spine.run()
    path = f"/deliveries/{sent.headers['x-delivery-id']}/raw"
    for role, status in (("owner", 200), ("channel_operator", 200), ("community_operator", 403)):
        assert (await ingest.call("GET", path, role=role)).status_code == status
    assert (await ingest.call("GET", path, workspace="other")).status_code == 404
    assert (await ingest.call("GET", path, workspace="*", role="operator")).status_code == 403
    for named, status in ((source, 200), (second, 404)):
        answer = await ingest.call("GET", path, role="partner", sources=[named["id"]])
        assert answer.status_code == status


async def test_the_outcome_outlives_the_raw_bytes(ingest, spine) -> None:
    source = await ingest.add_source()
    delivery = (await ingest.knock_signed(source)).headers["x-delivery-id"]
    ingest.clock.moment += timedelta(days=40)
    await ingest.knock_signed(source, id_="msg_2")
    await spine.run()
    ingest.log.note_read(spine.held.cursor)
    await ingest.log.drop_before(ingest.clock.now() - timedelta(days=30))
    assert (await ingest.call("GET", f"/deliveries/{delivery}")).json()["status"] == "done"
    answer = await ingest.call("GET", f"/deliveries/{delivery}/raw")
    assert answer.status_code == 404
    assert "not kept any more" in answer.json()["detail"]
