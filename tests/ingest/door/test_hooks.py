"""Hooks: each request gets the status that its platform is promised."""

import asyncio
import json
import re
from contextlib import contextmanager

import pytest
from mediaops_common import failpoints
from mediaops_ingest.delivery_log.partitions import PARENT
from mediaops_ingest.delivery_log.port import LogFull, LogUnavailable
from mediaops_ingest.door.cache import LOOK_SECONDS
from mediaops_ingest.platforms.registry import ADAPTERS
from prometheus_client import REGISTRY
from sqlalchemy import event
from sqlalchemy.engine import Engine

from tests.ingest.platforms.test_hostile import OWN
from tests.ingest.running import running, signed

PROVED = [case for case in OWN if ADAPTERS[case[0]].declaration.proofs]
"""An accepted request of every adapter that has a proof."""

UNKNOWN = {"hook_url": "/ingest/hooks/" + "q" * 32}


async def test_a_proved_request_is_kept_as_it_came_and_answered(ingest):
    source = await ingest.add_source()
    body = b'{"type": "like.created",  "data": {}}'
    answer = await ingest.knock_signed(source, body)
    assert (answer.status_code, answer.content) == (202, b"")
    [kept] = await ingest.logged()
    assert kept.body == body
    assert str(kept.source_id) == source["id"]
    assert str(kept.channel_id) == source["channel_id"]
    assert (kept.adapter, kept.kind, kept.method) == ("standard-webhooks", "hook", "POST")
    assert (kept.received_at, kept.items, kept.rejected) == (ingest.clock.now(), None, [])
    assert dict(kept.headers)[b"webhook-id"] == b"msg_1"
    assert answer.headers["x-delivery-id"] == str(kept.id)


async def kept_raw(ingest, folder) -> bytes:
    """The delivery log as it lies on the disk, or in its table."""
    if ingest.runtime.database.dialect == "sqlite":
        await ingest.log.close()
        return b"".join(path.read_bytes() for path in (folder / "deliveries").iterdir())
    async with ingest.runtime.database.read() as session:
        connection = await session.connection()
        rows = await connection.exec_driver_sql(f"SELECT * FROM {PARENT}")
        return b"".join(
            value if isinstance(value, bytes) else repr(value).encode()
            for row in rows
            for value in row
        )


async def test_secrets_and_the_hook_key_are_not_in_what_is_kept(ingest, tmp_path):
    source = await ingest.add_source(adapter="cloudevents", secrets={"bearer": "hidden-bearer"})
    event = {"specversion": "1.0", "id": "1", "source": "s", "type": "x.y", "data": {}}
    headers = {
        "content-type": "application/cloudevents+json",
        "authorization": "Bearer hidden-bearer",
        "cookie": "session=hidden-cookie",
    }
    answer = await ingest.knock(source, content=json.dumps(event), headers=headers)
    assert answer.status_code < 300
    by_query = await ingest.knock(
        source,
        content=json.dumps(event),
        headers={"content-type": headers["content-type"]},
        params={"access_token": "hidden-bearer", "kept": "1"},
    )
    assert by_query.status_code < 300
    in_disguise = await ingest.knock(
        source,
        below="?access%5ftoken=hidden-bearer&%61ccess_token=&kept=2",
        content=json.dumps(event),
        headers=headers,
    )
    assert in_disguise.status_code < 300
    raw = await kept_raw(ingest, tmp_path)
    key = source["hook_url"].rsplit("/")[-1].encode()
    assert b"kept=1" in raw
    for secret in (b"hidden-bearer", b"hidden-cookie", key):
        assert secret not in raw


async def test_every_failed_proof_has_the_same_answer(ingest):
    source = await ingest.add_source()
    secret, now = source["secrets"]["secret"], ingest.clock.now()
    right = signed(secret, b"{}", now)
    wrong = [
        {},
        right | {"webhook-signature": "v1,AAAA"},
        right | {"webhook-signature": "v1,\u00e9".encode("latin-1")},
        right | {"webhook-id": "other"},
        right | {"webhook-timestamp": "1"},
        signed("whsec_" + "A" * 44, b"{}", now),
        signed(secret, b"{ }", now),
    ]
    answers = [await ingest.knock(source, content=b"{}", headers=headers) for headers in wrong]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].headers["content-type"] == "application/problem+json"
    assert await ingest.logged() == []


async def test_an_unknown_key_and_other_paths_are_not_found(ingest):
    source = await ingest.add_source()
    for target, below in [(UNKNOWN, ""), (source, "/"), (source, "/v1/batch"), (source, "x")]:
        answer = await ingest.knock(target, below=below, content=b"{}")
        assert (answer.status_code, answer.json()["title"]) == (404, "Not found")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "HEAD"])
async def test_other_methods_are_refused_whatever_the_key(ingest, method):
    source = await ingest.add_source()
    for target in (source, UNKNOWN):
        answer = await ingest.knock(target, method)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, OPTIONS, POST")


async def test_a_method_that_the_scheme_does_not_know_is_told_which_it_does(ingest):
    for adapter, methods in [("standard-webhooks", "POST"), ("cloudevents", "OPTIONS, POST")]:
        answer = await ingest.knock(await ingest.add_source(adapter=adapter), "GET")
        assert (answer.status_code, answer.headers["allow"]) == (405, methods)


async def test_a_body_beyond_the_limit_is_refused_while_it_streams(ingest):
    source = await ingest.add_source()
    declared = await ingest.knock(source, content=b"x" * (5 * 1024 * 1024 + 1))
    assert declared.status_code == 413
    sent = 0

    async def endless():
        nonlocal sent
        while True:
            sent += 1
            yield b"x" * 65536

    streamed = await ingest.knock(source, content=endless())
    assert streamed.status_code == 413
    assert sent <= 82


async def test_compressed_bodies_are_not_read(ingest):
    source = await ingest.add_source()
    answer = await ingest.knock_signed(source, b"{}", **{"content-encoding": "gzip"})
    assert answer.status_code == 415
    plain = await ingest.knock_signed(source, b"{}", **{"content-encoding": "Identity"})
    assert plain.status_code == 202


async def test_an_unreadable_body_with_a_right_proof_is_a_400(ingest):
    source = await ingest.add_source()
    answer = await ingest.knock_signed(source, b"{not json")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert await ingest.logged() == []


async def test_a_handshake_is_answered_and_not_kept(ingest):
    source = await ingest.add_source(adapter="douyin-open", secrets={"client_secret": "s"})
    body = b'{"event":"verify_webhook","client_key":"","content":{"challenge":12345}}'
    import hashlib

    headers = {"x-douyin-signature": hashlib.sha1(b"s" + body).hexdigest()}
    answer = await ingest.knock(source, content=body, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"challenge": 12345})
    assert await ingest.logged() == []


async def test_the_same_delivery_a_hundred_times_at_once_is_kept_a_hundred_times(ingest):
    source = await ingest.add_source()
    answers = await asyncio.gather(*(ingest.knock_signed(source) for _ in range(100)))
    assert {answer.status_code for answer in answers} == {202}
    assert len(await ingest.logged()) == 100
    assert len({answer.headers["x-delivery-id"] for answer in answers}) == 100


@pytest.mark.parametrize("error", [LogFull("full"), LogUnavailable("disk")])
async def test_what_cannot_be_kept_is_not_acknowledged(ingest, monkeypatch, error):
    source = await ingest.add_source()

    async def refuse(_deliveries):
        raise error

    monkeypatch.setattr(ingest.log, "append", refuse)
    answer = await ingest.knock_signed(source)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_the_backlog_is_capped(ingest, monkeypatch):
    source = await ingest.add_source()
    await ingest.knock_signed(source)
    monkeypatch.setattr(ingest.runtime.state["hook_door"]._entrance, "_backlog_cap", 2)
    ingest.log.note_read(0)
    assert (await ingest.knock_signed(source)).status_code == 202
    assert (await ingest.knock_signed(source)).status_code == 503
    ingest.log.note_read(ingest.log.newest_seq)
    assert (await ingest.knock_signed(source)).status_code == 202


async def test_the_door_answers_after_the_commit(ingest):
    source = await ingest.add_source()
    failpoints.arm("door.after_commit=raise")
    try:
        answer = await ingest.knock_signed(source)
    finally:
        failpoints.arm("")
    assert (answer.status_code, answer.json()["type"].rsplit("/")[-1]) == (500, "internal")
    assert len(await ingest.logged()) == 1


async def test_a_database_that_is_away_is_a_503_or_500_without_details(ingest, monkeypatch):
    source = await ingest.add_source()

    async def fail(_key):
        raise OSError("/secret/path")

    monkeypatch.setattr(ingest.runtime.state["door_cache"], "_read", fail)
    ingest.forget(source)
    answer = await ingest.knock_signed(source)
    assert answer.status_code == 500
    assert "secret" not in answer.text


async def until_the_follower_rests(cache):
    """It has seen what the sources changed, and forgets nothing any more."""
    generation = None
    while generation != cache._generation or cache._version < 0:
        generation = cache._generation
        await asyncio.sleep(2 * LOOK_SECONDS)


async def test_failed_proofs_read_and_write_nothing(ingest):
    known = []
    with counted_statements() as statements:
        for adapter, _, secrets, proved in PROVED:
            ingest.clock.moment = proved.now
            known.append((proved, await ingest.add_source(adapter=adapter, secrets=secrets)))
    assert statements
    await until_the_follower_rests(ingest.runtime.state["door_cache"])
    await ingest.knock(UNKNOWN, content=b"{}")
    for proved, source in known:
        accepted = await ingest.knock(source, **as_sent(proved))
        assert 200 <= accepted.status_code < 300
    kept = len(await ingest.logged())
    with counted_statements() as statements:
        answers = [
            (source["adapter"], await ingest.knock(source, **one))
            for proved, source in known
            for one in forgeries(proved)
        ]
        unknown = await ingest.knock(UNKNOWN, content=b"{}")
    assert unknown.status_code == 404
    # WebSub alone wants a 2xx for what is dropped.
    refused = [answer for adapter, answer in answers if adapter != "youtube-websub"]
    assert {answer.status_code for answer in refused} == {401}
    assert len({answer.content for answer in refused}) == 1
    assert statements == []
    assert len(await ingest.logged()) == kept


def as_sent(request):
    query = request.query.decode()
    path = f"/{request.path}" if request.path else ""
    return {
        "below": f"{path}?{query}" if query else path,
        "content": request.body,
        "headers": [(name.decode(), value.decode()) for name, value in request.headers],
    }


def forgeries(request):
    """Without any proof, and with a body and a query that nobody signed."""
    path = f"/{request.path}" if request.path else ""
    bare = {"below": path, "content": b"{}"}
    return bare, bare | {"below": f"{path}?a=b", "content": request.body.swapcase()}


FOLLOWING = re.compile("^BEGIN|registry_version")


@contextmanager
def counted_statements():
    """Every statement but for the follower's look at the version of the registry."""
    found = []

    def remember(_connection, _cursor, statement, *_rest):
        if not FOLLOWING.search(statement):
            found.append(statement)

    event.listen(Engine, "before_cursor_execute", remember)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", remember)


async def test_a_key_that_cannot_be_one_is_not_remembered(ingest):
    cache = ingest.runtime.state["door_cache"]
    for key in ("a" * 31, "a" * 20_000):
        answer = await ingest.knock({"hook_url": f"/ingest/hooks/{key}"}, content=b"{}")
        assert answer.status_code == 404
    assert list(cache._unknown) == []


async def test_unknown_keys_are_remembered_up_to_a_limit(ingest):
    cache = ingest.runtime.state["door_cache"]
    cache._max_unknown = 3
    for letter in "abcdefgh":
        assert await cache.hook(letter * 32) is None
    assert list(cache._unknown) == ["f" * 32, "g" * 32, "h" * 32]


async def test_many_first_requests_make_one_read(ingest, monkeypatch):
    source = await ingest.add_source()
    cache, reads = ingest.runtime.state["door_cache"], []
    real = cache._read

    async def counted(key):
        reads.append(key)
        await asyncio.sleep(0.01)
        return await real(key)

    monkeypatch.setattr(cache, "_read", counted)
    ingest.forget(source)
    answers = await asyncio.gather(*(ingest.knock_signed(source) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len(reads) == 1


async def test_another_replica_sees_a_change_within_a_second(tmp_path):
    async with running(tmp_path) as here:
        source = await here.add_source()
        other = here.runtime.state["door_cache"].__class__(
            here.runtime.database,
            here.runtime.keys.box,
            here.clock,
            here.runtime.state["allowances"],
            unknown_hooks=10,
        )
        following = asyncio.create_task(other.follow())
        await asyncio.sleep(0.05)
        key = source["hook_url"].rsplit("/")[-1]
        assert await other.hook(key) is not None
        path = f"/sources/{source['id']}"
        await here.call("PATCH", path, {"enabled": False}, headers={"If-Match": "*"})
        await asyncio.sleep(0.9)
        assert await other.hook(key) is None
        following.cancel()


async def test_verdicts_are_counted_by_adapter_and_reason(ingest):
    source = await ingest.add_source()

    def counted(verdict, reason=""):
        labels = {
            "service": "ingest",
            "adapter": "standard-webhooks",
            "verdict": verdict,
            "reason": reason,
        }
        return REGISTRY.get_sample_value("mediaops_door_requests_total", labels) or 0

    before = counted("accepted"), counted("refused", "header"), counted("malformed", "json")
    await ingest.knock_signed(source)
    await ingest.knock(source, content=b"{}")
    await ingest.knock_signed(source, b"{")
    after = counted("accepted"), counted("refused", "header"), counted("malformed", "json")
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1, 1]


async def test_the_time_of_each_request_is_counted_once(ingest):
    source = await ingest.add_source()

    def seen(sample, **labels):
        labels = {"service": "ingest", **labels}
        return REGISTRY.get_sample_value(f"mediaops_door_seconds_{sample}", labels)

    count, total = seen("count"), seen("sum")
    await ingest.knock_signed(source)
    assert seen("count") == seen("bucket", le="+Inf") == count + 1
    assert seen("sum") > total
    assert seen("bucket", le="0.001") <= seen("bucket", le="2.5") <= seen("count")
