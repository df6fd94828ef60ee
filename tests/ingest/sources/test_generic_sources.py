"""The guide to the adapter `generic`, and mappings for what other adapters leave unmapped."""

import base64
import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any

from tests.ingest.platforms.international_signers import mac

GUIDE = (Path(__file__).parents[3] / "docs" / "guides" / "generic.md").read_text()
EXAMPLES = dict(re.findall(r"<!-- example: (\w+) -->\n```\w+\n(.*?)```", GUIDE, re.DOTALL))
BODY = EXAMPLES["body"].encode()
SOURCE: dict[str, Any] = json.loads(EXAMPLES["source"])


def shop_headers(ingest: Any, source: dict[str, Any], body: bytes) -> dict[str, str]:
    time = str(int(ingest.clock.now().timestamp()))
    key = source["secrets"]["secret"].encode()
    digest = hmac.new(key, f"{time}.".encode() + body, hashlib.sha256).digest()
    signature = base64.b64encode(digest).decode()
    return {"X-Shop-Time": time, "X-Shop-Sign": signature, "Content-Type": "text/xml"}


async def test_the_guides_example_is_verified_split_and_mapped_and_nothing_is_kept(ingest):
    source = await ingest.add_source(**SOURCE)
    tried = await ingest.call(
        "POST",
        f"/sources/{source['id']}/test",
        {"body": BODY.decode(), "headers": shop_headers(ingest, source, BODY)},
    )
    result = tried.json()
    assert result["verdict"] == "verified"
    assert [item["dedup_key"] for item in result["items"]] == ["A-1", "A-2"]
    assert result["items"][1]["content"]["paid"] == {"@at": "2026-11-22 16:05:00", "#text": "5.00"}
    first = result["items"][0]["activities"][0]
    assert (first["type"], first["occurred_at"]) == ("order.paid", "2026-11-22T08:00:00Z")
    assert first["value"] == {"amount_minor": 1990, "currency": "CNY"}
    assert await ingest.logged() == []


async def test_a_dry_run_says_where_in_the_mapping_and_why(ingest):
    source = await ingest.add_source(**SOURCE)
    bad = BODY.replace(b"16:00:00", b"noon").replace(b"5.00", b"5.001")
    tried = await ingest.call("POST", f"/sources/{source['id']}/test", {"body": bad.decode()})
    result = tried.json()
    assert (result["verdict"], result["reason"]) == ("refused", "header")
    assert [(item["outcome"], item["field"]) for item in result["items"]] == [
        ("failed", "activities[0].occurred_at"),
        ("failed", "activities[0].value.amount_minor"),
    ]


async def test_a_signed_body_is_kept_and_another_is_refused(ingest):
    source = await ingest.add_source(**SOURCE)
    headers = shop_headers(ingest, source, BODY)
    assert (await ingest.knock(source, content=BODY, headers=headers)).status_code == 202
    forged = await ingest.knock(source, content=BODY + b" ", headers=headers)
    assert forged.status_code == 401
    unreadable = b"<orders>"
    headers = shop_headers(ingest, source, unreadable)
    answer = await ingest.knock(source, content=unreadable, headers=headers)
    assert answer.status_code == 400
    assert len(await ingest.logged()) == 1


async def test_settings_that_cannot_be_are_refused_with_their_name(ingest):
    channel = await ingest.add_channel()
    for config, field in (
        ({"signed": "{timestamp}.{body}"}, "config.signed"),
        ({"items": "body["}, "config.items"),
        ({"nonsense": "x"}, "config.nonsense"),
    ):
        body = {"channel_id": channel["id"], "adapter": "generic", "config": config}
        answer = await ingest.call("POST", "/sources", body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == field


async def test_a_mapping_reads_what_another_adapter_leaves_unmapped(ingest):
    fork = {
        "when": "item.event == 'fork'",
        "type": "share.created",
        "occurred_at": "=received_at",
        "actor": {"external_id": "=item.payload.sender.id"},
    }
    source = await ingest.add_source(
        adapter="github", secrets={"secret": "s"}, mapping={"activities": [fork]}
    )
    path = f"/sources/{source['id']}/test"
    body = json.dumps({"sender": {"id": 5}})
    headers = {"X-GitHub-Event": "fork"}
    [item] = (await ingest.call("POST", path, {"body": body, "headers": headers})).json()["items"]
    assert item["by_mapping"] is True
    assert item["activities"][0]["actor"]["external_id"] == "5"
    star = json.dumps({"action": "created", "sender": {"id": 5}})
    headers = {"X-GitHub-Event": "star"}
    [item] = (await ingest.call("POST", path, {"body": star, "headers": headers})).json()["items"]
    assert (item["by_mapping"], item["activities"][0]["type"]) == (False, "favourite.created")


async def test_a_format_that_no_time_can_be_read_with_is_refused_when_it_is_saved(ingest):
    rule = {"type": "like.created", "occurred_at": {"from": "item.at", "time": "%d%d"}}
    body = {"adapter": "generic", "mapping": {"activities": [rule]}}
    channel = await ingest.add_channel()
    answer = await ingest.call("POST", "/sources", {**body, "channel_id": channel["id"]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "mapping.activities[0].occurred_at.time"


async def test_what_a_hook_refuses_is_one_problem_that_every_client_understands(ingest):
    proofs = {"secret": "s"}
    github = await ingest.add_source(adapter="github", secrets=proofs)
    segment = await ingest.add_source(adapter="segment-rudder", secrets={"write_key": "w"})
    refused = [
        await ingest.knock(github, content=b"{}"),
        await ingest.knock(github, content=b"{}", headers={"x-hub-signature-256": "sha256=00"}),
        await ingest.knock(segment, content=b"{}", below="/v1/track"),
    ]
    assert {answer.content for answer in refused} == {refused[0].content}
    assert refused[0].status_code == 401
    assert {"type", "title", "status", "code", "message"} <= refused[0].json().keys()
    right = {"x-hub-signature-256": f"sha256={mac(b'[', key='s').hex()}"}
    unreadable = await ingest.knock(github, content=b"[", headers=right)
    assert unreadable.status_code == 400
    assert unreadable.json()["code"] == "malformed"
