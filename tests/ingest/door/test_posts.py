"""`POST /activities` and `POST /snapshots`: items by channel, the bad ones listed."""

import asyncio
import gzip
import json
from uuid import UUID, uuid4

import pytest
from mediaops_common.ids import shard_of
from mediaops_common.settings import HttpSettings
from mediaops_ingest.sources.service import api_source_id

from tests.ingest.running import an_activity, body_of, running


async def test_activities_are_kept_and_listed(ingest):
    channel = await ingest.add_channel()
    sent = [an_activity(channel, dedup_key="a"), an_activity(channel, count=3)]
    answer = await ingest.call("POST", "/activities", sent)
    assert answer.status_code == 202
    body = answer.json()
    assert (body["accepted"], body["rejected"]) == (2, [])
    [kept] = await ingest.logged()
    assert body["delivery_id"] == str(kept.id)
    assert body["deliveries"] == [str(kept.id)]
    assert body_of(kept) == sent
    assert (kept.kind, kept.path, kept.adapter, kept.items) == ("activities",) * 2 + ("api", 2)
    assert kept.source_id == api_source_id(UUID(channel["id"]))
    assert kept.shard == shard_of(UUID(channel["id"]))
    listed = (await ingest.call("GET", f"/sources?channel_id={channel['id']}")).json()["items"]
    assert [(s["id"], s["adapter"], s["enabled"]) for s in listed] == [
        (str(kept.source_id), "api", True)
    ]


async def test_items_are_kept_by_channel(ingest):
    one, two = await ingest.add_channel(), await ingest.add_channel()
    sent = [an_activity(one, count=1), an_activity(two, count=2), an_activity(one, count=3)]
    body = (await ingest.call("POST", "/activities", sent)).json()
    kept = await ingest.logged()
    assert [[item["count"] for item in body_of(delivery)] for delivery in kept] == [[1, 3], [2]]
    assert body["deliveries"] == [str(delivery.id) for delivery in kept]
    assert body["delivery_id"] == body["deliveries"][0]
    assert body["accepted"] == 3


async def test_bad_items_are_listed_and_the_others_kept(ingest):
    channel = await ingest.add_channel()
    await ingest.add_workspace("other")
    foreign = await ingest.add_channel("other")
    sent = [
        an_activity(channel, type=7),
        an_activity(channel),
        an_activity(foreign),
        an_activity(str(uuid4())),
        an_activity(channel, occurred_at="1999-12-31T00:00:00Z"),
        an_activity(channel, type="no.such"),
        "text",
        {"type": "like.created", "occurred_at": "2026-11-22T08:00:00Z"},
        an_activity(channel, actor={"external_id": ""}),
    ]
    body = (await ingest.call("POST", "/activities", sent)).json()
    assert body["accepted"] == 1
    fields = {item["index"]: item["field"] for item in body["rejected"]}
    assert fields == {
        0: "type",
        2: "channel_id",
        3: "channel_id",
        4: "occurred_at",
        5: "type",
        6: "",
        7: "channel_id",
        8: "actor.external_id",
    }
    details = {item["index"]: item["detail"] for item in body["rejected"]}
    assert details[2] == details[3]
    [kept] = await ingest.logged()
    assert body_of(kept) == [sent[1]]
    assert [(item.index, item.field) for item in kept.rejected] == sorted(fields.items())


async def test_when_all_are_rejected_that_is_kept_too(ingest):
    answer = await ingest.call("POST", "/activities", [an_activity(str(uuid4()))])
    assert (answer.status_code, answer.json()["accepted"]) == (202, 0)
    [kept] = await ingest.logged()
    assert (kept.channel_id, kept.items, len(kept.rejected)) == (None, 0, 1)
    assert kept.source_id == api_source_id(kept.workspace_id)
    assert body_of(kept) == []
    assert answer.json()["delivery_id"] == str(kept.id)


async def test_snapshots_go_the_same_way(ingest):
    channel = await ingest.add_channel()
    good = {
        "channel_id": channel["id"],
        "metric": "followers",
        "value": 12,
        "kind": "gauge",
        "as_of": "2026-11-22T08:00:00Z",
    }
    sent = [good, good | {"value": 1.5}, good | {"kind": "daily"}]
    body = (await ingest.call("POST", "/snapshots", sent)).json()
    assert body["accepted"] == 1
    assert [(item["index"], item["field"]) for item in body["rejected"]] == [
        (1, "value"),
        (2, "day"),
    ]
    [kept] = await ingest.logged()
    assert (kept.kind, kept.path) == ("snapshots", "snapshots")


@pytest.mark.parametrize("body", [b"{}", b"null", b'"a"', b"[1,", b"", b"[NaN]", b"\xff"])
async def test_what_is_no_array_is_a_422(ingest, body):
    headers = {"content-type": "application/json"}
    answer = await ingest.call("POST", "/activities", body, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "body"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (b'"text":"a\\u0000b"', "text"),
        (b'"text":"a\\ud800b"', "text"),
        (b'"context":{"n":1' + b"0" * 30 + b"}", "context.n"),
        (b'"odd":1' + b"0" * 30, "odd"),
        (b'"odd":' + b"[" * 40 + b"]" * 40, "odd"),
    ],
)
async def test_nothing_is_accepted_that_a_database_would_refuse(ingest, change, field):
    channel = await ingest.add_channel()
    good = json.dumps(an_activity(channel)).encode()
    bad = good[:-1] + b"," + change + b"}"
    headers = {"content-type": "application/json"}
    answer = await ingest.call(
        "POST", "/activities", b"[" + good + b"," + bad + b"]", headers=headers
    )
    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert body["accepted"] == 1
    [rejected] = body["rejected"]
    assert rejected["index"] == 1
    assert rejected["field"].startswith(field)


async def test_a_thousand_items_are_taken_and_one_more_is_too_large(ingest):
    channel = await ingest.add_channel()
    sent = [an_activity(channel)] * 1000
    assert (await ingest.call("POST", "/activities", sent)).json()["accepted"] == 1000
    assert (await ingest.call("POST", "/activities", [*sent, sent[0]])).status_code == 413
    large = b"[" + b" " * (5 * 1024 * 1024) + b"]"
    headers = {"content-type": "application/json"}
    answer = await ingest.call("POST", "/activities", large, headers=headers)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-encoding": "br"},
        {"content-encoding": "gzip, gzip"},
    ],
)
async def test_another_content_type_or_coding_is_refused(ingest, headers):
    answer = await ingest.call("POST", "/activities", b"[]", headers=headers)
    assert answer.status_code == 415


async def test_a_body_in_gzip_is_read_up_to_twice_the_size_that_may_be_sent(ingest):
    channel = await ingest.add_channel()

    async def post(body: bytes):
        return await ingest.call("POST", "/activities", body, headers={"content-encoding": "gzip"})

    sent = [an_activity(channel, count=count) for count in (1, 2)]
    packed = gzip.compress(json.dumps(sent).encode())
    assert (await post(packed)).json()["accepted"] == 2
    [kept] = await ingest.logged()
    assert body_of(kept) == sent
    limit = 10 * 1024 * 1024
    assert (await post(gzip.compress(b"[" + b" " * (limit - 2) + b"]"))).status_code == 202
    assert (await post(gzip.compress(b"[" + b" " * (limit - 1) + b"]"))).status_code == 413
    for broken in (b"[]", packed[:-1], packed + b"x", packed + packed, b""):
        answer = await post(broken)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body")


async def test_a_channel_stays_known_while_another_is_made(ingest, monkeypatch):
    known, fresh = await ingest.add_channel(), await ingest.add_channel()
    await ingest.call("POST", "/activities", [an_activity(known)])
    cache = ingest.runtime.state["door_cache"]
    real = cache._make_source

    async def make_while_something_changes(*arguments):
        await real(*arguments)
        cache.learn({})

    monkeypatch.setattr(cache, "_make_source", make_while_something_changes)
    answer = await ingest.call("POST", "/activities", [an_activity(known), an_activity(fresh)])
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (2, [])


async def test_many_unknown_channels_do_not_push_out_the_one_that_is_known(ingest, monkeypatch):
    monkeypatch.setattr("mediaops_ingest.door.cache.KNOWN_CHANNELS", 3)
    channel = await ingest.add_channel()
    await ingest.call("POST", "/activities", [an_activity(channel)])
    sent = [an_activity(channel), *(an_activity(str(uuid4())) for _ in range(5))]
    assert (await ingest.call("POST", "/activities", sent)).json()["accepted"] == 1


async def test_who_may_post(ingest):
    channel = await ingest.add_channel()
    sent = [an_activity(channel)]
    assert (await ingest.call("POST", "/activities", sent, role="analyst")).status_code == 403
    async with ingest.client() as client:
        anonymous = await client.post("/ingest/v1/activities", json=sent)
        forged = await client.post(
            "/ingest/v1/activities", json=sent, headers={"authorization": "Bearer x.y.z"}
        )
    assert (anonymous.status_code, anonymous.content) == (401, forged.content)
    operator = await ingest.call("POST", "/activities", sent, workspace="*", role="operator")
    assert operator.status_code == 403
    assert await ingest.logged() == []


async def test_a_partner_posts_for_the_channels_of_its_sources_only(ingest):
    mine, other = await ingest.add_channel(), await ingest.add_channel()
    source = await ingest.add_source(mine)
    answer = await ingest.call(
        "POST",
        "/activities",
        [an_activity(other), an_activity(mine)],
        role="partner",
        sources=[UUID(source["id"])],
    )
    body = answer.json()
    assert (body["accepted"], [item["index"] for item in body["rejected"]]) == (1, [0])


async def test_a_partner_posts_nothing_for_a_source_that_is_switched_off(ingest):
    channel = await ingest.add_channel()
    source = await ingest.add_source(channel)
    off = {"enabled": False}
    path = f"/sources/{source['id']}"
    assert (await ingest.call("PATCH", path, off, headers={"If-Match": "*"})).status_code == 200
    partner = {"role": "partner", "sources": [UUID(source["id"])]}
    answer = await ingest.call("POST", "/activities", [an_activity(channel)], **partner)
    nobodys = await ingest.call("POST", "/activities", [an_activity(str(uuid4()))], **partner)
    assert answer.json()["accepted"] == 0
    assert answer.json()["rejected"] == nobodys.json()["rejected"]


async def test_a_token_that_expired_is_refused(ingest):
    from datetime import timedelta

    channel = await ingest.add_channel()
    token = ingest.bearer()
    async with ingest.client(**token) as client:
        sent = [an_activity(channel)]
        assert (await client.post("/ingest/v1/activities", json=sent)).status_code == 202
        ingest.clock.moment += timedelta(hours=2)
        await asyncio.sleep(1.05)
        assert (await client.post("/ingest/v1/activities", json=sent)).status_code == 401


async def test_a_channel_made_a_moment_ago_is_known_at_once(ingest):
    channel_id = str(uuid4())
    await ingest.call("POST", "/activities", [an_activity(channel_id)])
    channel = await ingest.add_channel()
    answer = await ingest.call("POST", "/activities", [an_activity(channel)])
    assert answer.json()["accepted"] == 1


async def test_first_posts_at_once_make_one_implicit_source(ingest):
    channel = await ingest.add_channel()
    sent = [an_activity(channel)]
    answers = await asyncio.gather(*(ingest.call("POST", "/activities", sent) for _ in range(20)))
    assert {answer.json()["accepted"] for answer in answers} == {1}
    listed = (await ingest.call("GET", "/sources")).json()["items"]
    assert len(listed) == 1


async def test_a_page_of_an_allowed_origin_may_read_the_answer(tmp_path):
    http = HttpSettings(cors_origins=["https://console.example"])
    async with running(tmp_path, http=http) as ingest:
        for origin, allowed in [
            ("https://console.example", "https://console.example"),
            ("https://evil.example", None),
        ]:
            answer = await ingest.call("POST", "/activities", [], headers={"Origin": origin})
            assert answer.headers.get("access-control-allow-origin") == allowed
            exposed = answer.headers.get("access-control-expose-headers", "")
            assert ("X-Request-Id" in exposed) is (allowed is not None)
            asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            preflight = await ingest.call("OPTIONS", "/activities", headers=asked)
            assert preflight.headers.get("access-control-allow-origin") == allowed


async def test_where_every_origin_may_call_the_posts_may_be_called_too(tmp_path):
    async with running(tmp_path, http=HttpSettings(cors_origins=["*"])) as ingest:
        answer = await ingest.call(
            "POST", "/activities", [], headers={"Origin": "https://a.example"}
        )
    assert answer.headers["access-control-allow-origin"] == "https://a.example"


async def test_the_posts_are_in_the_openapi_description(ingest):
    async with ingest.client() as client:
        described = (await client.get("/ingest/openapi.json")).json()
    assert described["paths"]["/ingest/v1/activities"]["post"]["operationId"] == "post_activities"
    assert "/ingest/v1/snapshots" in described["paths"]


async def test_a_request_id_comes_back(ingest):
    answer = await ingest.call("POST", "/activities", [], headers={"X-Request-Id": "mine-1"})
    assert answer.headers["x-request-id"] == "mine-1"
    answer = await ingest.call("POST", "/activities", [], headers={"X-Request-Id": "no\tgood"})
    assert len(answer.headers["x-request-id"]) == 32
