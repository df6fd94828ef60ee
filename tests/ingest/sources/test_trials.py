"""Trying a source: the dry run and the request through the real hook."""

import json

import pytest

from tests.ingest.platforms.international_signers import SECRETS
from tests.ingest.running import serving, signed
from tests.ingest.sources.test_sources import A_MAPPING

KEYS: dict[str, dict[str, object]] = {
    "standard-webhooks": {},
    "cloudevents": {},
    "douyin-open": {"client_secret": "s3cret"},
    "wechat-oa": {"token": "t0ken"},
    **{name: secrets for name, secrets in SECRETS.items() if name != "discord"},
}


async def test_a_sent_test_goes_through_the_real_hook(tmp_path, backend):
    async with serving(tmp_path, backend) as ingest:
        for adapter, secrets in KEYS.items():
            source = await ingest.add_source(adapter=adapter, secrets=secrets)
            answer = await ingest.call("POST", f"/sources/{source['id']}/send-test")
            sent = answer.json()
            assert 200 <= sent["status"] < 300, (adapter, answer.text)
            kept = (await ingest.logged())[-1]
            assert sent["delivery_id"] == str(kept.id), adapter
            assert str(kept.source_id) == source["id"]


async def test_a_hook_url_that_leads_nowhere_is_said_to(ingest):
    source = await ingest.add_source()
    store = ingest.runtime.common.store.model_copy(update={"public_url": "http://127.0.0.1:9"})
    object.__setattr__(ingest.runtime.common, "store", store)
    answer = await ingest.call("POST", f"/sources/{source['id']}/send-test")
    assert answer.status_code == 503
    assert "--public-url" in answer.json()["detail"]


async def test_a_test_is_sent_to_where_the_system_finds_itself(tmp_path, backend):
    """As in a container, to which the address of its host leads nowhere."""
    async with serving(tmp_path, backend) as ingest:
        own = ingest.runtime.common.store
        urls = {"public_url": "http://127.0.0.1:9", "inner_url": own.public_url}
        object.__setattr__(ingest.runtime.common, "store", own.model_copy(update=urls))
        source = await ingest.add_source()
        assert source["hook_url"].startswith("http://127.0.0.1:9/ingest/hooks/")
        answer = await ingest.call("POST", f"/sources/{source['id']}/send-test")
        assert answer.json()["status"] == 202, answer.text


async def test_a_dry_run_tells_what_would_become_of_a_body(ingest):
    source = await ingest.add_source()
    like = {"type": "like.created", "timestamp": "2026-11-22T08:00:00Z"}
    body = json.dumps(like | {"data": {"actor": {"external_id": "u1"}}})
    headers = signed(source["secrets"]["secret"], body.encode(), ingest.clock.now())
    path = f"/sources/{source['id']}/test"
    tried = (await ingest.call("POST", path, {"body": body, "headers": headers})).json()
    assert tried["verdict"] == "verified"
    [item] = tried["items"]
    assert (item["outcome"], item["dedup_key"]) == ("normalised", "msg_1")
    (activity,) = item["activities"]
    assert (activity["type"], activity["channel_id"]) == ("like.created", source["channel_id"])
    assert tried["answer"] == {"status": 202, "content_type": None, "body": ""}
    unsigned = (await ingest.call("POST", path, {"body": body})).json()
    assert (unsigned["verdict"], unsigned["reason"]) == ("refused", "header")
    assert unsigned["answer"]["status"] == 401
    assert unsigned["items"][0]["outcome"] == "normalised"
    assert await ingest.logged() == []


async def test_a_dry_run_says_what_cannot_be_read(ingest):
    source = await ingest.add_source()
    path = f"/sources/{source['id']}/test"
    assert (await ingest.call("POST", path, {"body": "{"})).json()["unreadable"]
    unknown = (await ingest.call("POST", path, {"body": '{"type":"x.y","data":{}}'})).json()
    assert unknown["items"][0]["outcome"] == "unmapped"
    bad = await ingest.call("POST", path, {"body_base64": "!"})
    assert bad.json()["errors"][0]["field"] == "body_base64"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"query": "a=é"}, "query"),
        ({"headers": {"é": "x"}}, "headers"),
        ({"headers": {"a": "日"}}, "headers"),
    ],
)
async def test_a_dry_run_names_what_no_request_can_have(ingest, asked, field):
    source = await ingest.add_source()
    answer = await ingest.call("POST", f"/sources/{source['id']}/test", asked)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_a_dry_run_gives_the_answer_of_a_handshake_and_splits_nothing(ingest):
    source = await ingest.add_source(adapter="cloudevents")
    asked = {"method": "OPTIONS", "headers": {"WebHook-Request-Origin": "example.com"}}
    tried = (await ingest.call("POST", f"/sources/{source['id']}/test", asked)).json()
    assert (tried["verdict"], tried["answer"]["status"]) == ("handshake", 200)
    assert (tried["unreadable"], tried["items"]) == (None, [])


@pytest.mark.parametrize(
    ("changes", "reason", "status"),
    [({"method": "GET"}, "method", 405), ({"path": "v1/track"}, "path", 404)],
)
async def test_a_dry_run_refuses_what_the_door_would(ingest, changes, reason, status):
    source = await ingest.add_source()
    asked = {"body": "{}"} | changes
    tried = (await ingest.call("POST", f"/sources/{source['id']}/test", asked)).json()
    assert (tried["verdict"], tried["reason"]) == ("refused", reason)
    assert tried["answer"]["status"] == status


async def test_a_mapping_is_tried_before_it_is_saved(ingest):
    source = await ingest.add_source(mapping=A_MAPPING)
    path = f"/sources/{source['id']}/test"
    thumb = {"type": "shop.thumb", "kind": "thumb", "at": "2026-11-22T08:00:00Z", "who": 7}
    body = json.dumps({"type": "shop.thumb", "data": thumb} | thumb)
    [item] = (await ingest.call("POST", path, {"body": body})).json()["items"]
    assert (item["outcome"], item["by_mapping"]) == ("normalised", True)
    assert item["activities"][0]["actor"]["external_id"] == "7"
    other = {"activities": [A_MAPPING["activities"][0] | {"type": "vote.cast"}]}
    tried = (await ingest.call("POST", path, {"body": body, "mapping": other})).json()
    assert tried["items"][0]["activities"][0]["type"] == "vote.cast"
    bad = await ingest.call("POST", path, {"body": body, "mapping": {"x": 1}})
    assert bad.json()["errors"][0]["field"] == "mapping.x"


async def test_an_implicit_source_has_nothing_to_try(ingest):
    channel = await ingest.add_channel()
    await ingest.call("POST", "/activities", [{"channel_id": channel["id"]}])
    listed = (await ingest.call("GET", "/sources")).json()["items"]
    [implicit] = [source for source in listed if source["adapter"] == "api"]
    assert implicit["hook_url"] is None
    for below, body in [("/send-test", None), ("/rotate-secret", {}), ("/test", {"body": ""})]:
        answer = await ingest.call("POST", f"/sources/{implicit['id']}{below}", body)
        assert answer.status_code == 409, below
