"""Webhooks that are answered without ASGI: the same answers, and the same is kept."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mediaops_common import failpoints
from mediaops_common.http.direct import MAX_BYTES
from mediaops_ingest.delivery_log.port import LogFull, LogUnavailable
from prometheus_client import REGISTRY

from tests.ingest.door.connections import Served, served
from tests.ingest.door.test_hooks import until_the_follower_rests
from tests.ingest.platforms.test_hostile import OWN, Case
from tests.ingest.running import running


@pytest.fixture
async def door(tmp_path: Path, backend: Any) -> AsyncIterator[Served]:
    async with running(tmp_path, backend=backend) as ingest, served(ingest) as door:
        yield door


async def known(door: Served, **changes: Any) -> dict[str, Any]:
    """A source that the door knows: the first request of any other has to look it up."""
    source = await door.ingest.add_source(**changes)
    assert door.ingest.runtime.state["door_cache"].known(source["hook_url"].rsplit("/")[-1])
    return source


async def test_a_whole_webhook_is_kept_as_it_came_and_answered_without_asgi(door):
    source = await known(door)
    body = b'{"type": "like.created",  "data": {}}'
    answer = await door.send(door.request(source, body))
    assert (answer.status, answer.body, door.asked) == (202, b"", [])
    [kept] = await door.ingest.logged()
    assert answer.headers["x-delivery-id"] == str(kept.id)
    assert set(answer.headers) == {"content-length", "date", "x-delivery-id"}
    assert (kept.body, kept.method, kept.path, kept.kind) == (body, "POST", "", "hook")
    assert (str(kept.source_id), kept.received_at) == (source["id"], door.ingest.clock.now())
    assert dict(kept.headers)[b"webhook-id"] == b"msg_1"


def mutations(case: Case) -> list[tuple[bytes, str, list[tuple[bytes, bytes]]]]:
    """The request, and what a stranger, a proxy or a fault makes of it."""
    _, _, _, request = case
    path, query = f"/{request.path}" if request.path else "", request.query.decode()
    below = f"{path}?{query}" if query else path
    headers, body = list(request.headers), request.body
    return [
        (body, below, headers),
        (body + b" ", below, headers),
        (body[:-1], below, headers),
        (b"", below, headers),
        (body, below, []),
        (body, below, headers + headers[-1:]),
        (body, below + ("&" if query else "?") + "more=1", headers),
        (body, below + "#here", headers),
        (body, f"/x{below}", headers),
        (body, below, [*headers, (b"content-encoding", b"gzip")]),
        (b"x" * 1_000, below, headers),
    ]


@pytest.mark.parametrize("case", OWN, ids=lambda case: f"{case[0]}-{case[1]}")
async def test_both_ways_answer_and_keep_the_same(door, case):
    adapter, _, secrets, request = case
    door.ingest.clock.moment = request.now
    source = await known(door, adapter=adapter, secrets=secrets)
    door.asked.clear()
    asked = 0
    for body, below, headers in mutations(case):
        sent = {"below": below, "headers": headers, "method": request.method}
        before = len(await door.ingest.logged())
        direct = await door.send(door.request(source, body, **sent))
        taken = (await door.ingest.logged())[before:]
        asked += len(door.asked)
        door.asked.clear()
        # Who wants to be asked before the body is sent is not answered directly.
        by_asgi = door.request(source, body, b"Expect: 100-continue", **sent)
        async with door.connection() as connection:
            connection.writer.write(by_asgi)
            through = await connection.answer()
            if through.status == 100:
                through = await connection.answer()
        assert len(door.asked) == 1
        door.asked.clear()
        assert direct.lasting == through.lasting
        again = (await door.ingest.logged())[before + len(taken) :]
        assert [shape(one) for one in taken] == [shape(one) for one in again]
    if request.method == "POST" and not request.path:
        assert asked == 3  # the fragment, the path and the coding


def shape(delivery: Any) -> tuple[Any, ...]:
    headers = [pair for pair in delivery.headers if pair[0] != b"expect"]
    return delivery.body, delivery.query, delivery.path, delivery.method, headers


async def test_it_may_come_in_pieces(door):
    source = await known(door)
    body = b'{"text": "%b"}' % (b"x" * 3_000)
    whole = door.request(source, body)
    answer = await door.send(whole[:40], whole[40:300], whole[300:2_000], whole[2_000:])
    assert (answer.status, door.asked) == (202, [])
    assert (await door.ingest.logged())[0].body == body


async def test_what_is_long_coded_chunked_or_unknown_goes_through_asgi(door):
    source = await known(door)
    body = b'{"text": "%b"}' % (b"x" * MAX_BYTES)
    key = source["hook_url"].rsplit("/")[-1].encode()
    escaped = b"%%%02x%b" % (key[0], key[1:])
    chunked = door.request(source).replace(b"Content-Length: 2\r\n\r\n{}", b"")
    for request, status in [
        (door.request(source, body), 202),
        (chunked + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 202),
        (door.request(source, b"{}", b"Content-Encoding: identity"), 202),
        (door.request(source).replace(key, key[::-1]), 404),
        (door.request(source).replace(key, escaped), 202),
        (door.request(source, below="/"), 404),
        (door.request(source, method="PUT"), 405),
    ]:
        door.asked.clear()
        assert (await door.send(request)).status == status
        assert len(door.asked) == 1


async def test_the_next_request_of_a_connection_waits_for_its_turn(door):
    source = await known(door)
    requests = [
        door.request(source, b'{"n": %d}' % number, b"X-Number: %d" % number)
        for number in range(20)
    ]
    async with door.connection() as connection:
        connection.writer.write(b"".join(requests))
        answers = [await connection.answer() for _ in requests]
    assert {answer.status for answer in answers} == {202}
    kept = {str(one.id): one.body for one in await door.ingest.logged()}
    ids = [answer.headers["x-delivery-id"] for answer in answers]
    assert [kept[id_] for id_ in ids] == [b'{"n": %d}' % number for number in range(20)]


async def test_a_connection_serves_one_after_the_other_and_closes_when_asked(door):
    source = await known(door)
    wrong = door.request(source, b"{}", headers=[])
    async with door.connection() as connection:
        for request, status in [(door.request(source), 202), (wrong, 401)] * 3:
            connection.writer.write(request)
            assert (await connection.answer()).status == status
        connection.writer.write(door.request(source, b"{}", b"Connection: close"))
        last = await connection.answer()
        assert (last.status, last.headers["connection"]) == (202, "close")
        assert await connection.is_closed()
    async with door.connection() as connection:
        connection.writer.write(door.request(source).replace(b"HTTP/1.1", b"HTTP/1.0"))
        last = await connection.answer()
        assert (last.status, last.headers["connection"]) == (202, "close")
        assert await connection.is_closed()
    assert door.asked == []


async def test_a_body_that_never_ends_is_given_up(door):
    source = await known(door)
    answer = await door.send(door.request(source)[:-1])
    assert (answer.status, answer.headers["connection"]) == (408, "close")
    assert await door.ingest.logged() == []


async def test_a_sender_that_leaves_in_the_middle_is_counted(door):
    def left():
        labels = {"service": "ingest", "adapter": "unknown", "verdict": "disconnected"}
        name = "mediaops_door_requests_total"
        return REGISTRY.get_sample_value(name, labels | {"reason": ""}) or 0

    source = await known(door)
    before = left()
    async with door.connection() as connection:
        connection.writer.write(door.request(source)[:-1])
        await asyncio.sleep(0.2)
    for _ in range(200):
        if left() != before:
            break
        await asyncio.sleep(0.05)
    assert left() == before + 1
    assert await door.ingest.logged() == []


async def test_a_sender_that_goes_away_leaves_what_it_sent(door):
    source = await known(door)
    log, waiting = door.ingest.log, asyncio.Event()
    submit, held = log.submit, []

    def hold(deliveries, told):
        held.append((deliveries, told))
        waiting.set()

    log.submit = hold
    async with door.connection() as connection:
        connection.writer.write(door.request(source))
        async with asyncio.timeout(60):
            await waiting.wait()
    await asyncio.sleep(0.1)
    log.submit = submit
    log.submit(*held[0])
    assert (await door.send(door.request(source))).status == 202
    assert len(await door.ingest.logged()) == 2


@pytest.mark.parametrize("error", [LogFull("full"), LogUnavailable("disk")])
async def test_what_is_not_kept_is_not_acknowledged(door, monkeypatch, error):
    source = await known(door)

    def refuse(_deliveries, told):
        asyncio.get_running_loop().call_soon(told, 0, error)

    monkeypatch.setattr(door.ingest.log, "submit", refuse)
    answer = await door.send(door.request(source))
    assert (answer.status, answer.headers["retry-after"], door.asked) == (503, "1", [])


async def test_a_fault_in_a_proof_is_an_answer_too(door, monkeypatch):
    source = await known(door)
    cache = door.ingest.runtime.state["door_cache"]
    verifier = cache.known(source["hook_url"].rsplit("/")[-1]).verifier

    def broken(_request):
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(type(verifier), "verify", lambda _self, request: broken(request))
    async with door.connection() as connection:
        connection.writer.write(door.request(source))
        answer = await connection.answer()
        assert (answer.status, b"secret" in answer.body, door.asked) == (500, False, [])
        monkeypatch.undo()
        connection.writer.write(door.request(source))
        assert (await connection.answer()).status == 202


async def test_it_answers_after_the_commit(door):
    source = await known(door)
    failpoints.arm("door.after_commit=raise")
    try:
        answer = await door.send(door.request(source))
    finally:
        failpoints.arm("")
    assert (answer.status, len(await door.ingest.logged()), door.asked) == (500, 1, [])


async def test_limits_and_the_backlog_hold(door, monkeypatch):
    limited = await known(door, limit={"items_per_second": 0.01, "burst": 2})
    await until_the_follower_rests(door.ingest.runtime.state["door_cache"])
    answers = [await door.send(door.request(limited)) for _ in range(3)]
    assert [answer.status for answer in answers] == [202, 202, 429]
    assert b"limit-reached" in answers[-1].body
    assert int(answers[-1].headers["retry-after"]) > 1
    entrance = door.ingest.runtime.state["hook_door"]._entrance
    door.ingest.log.note_read(0)
    monkeypatch.setattr(entrance, "_backlog_cap", 3)
    source = await known(door)
    assert [(await door.send(door.request(source))).status for _ in range(2)] == [202, 503]
    assert door.asked == []


async def test_a_request_that_is_coming_in_when_the_server_stops_is_answered(door):
    source = await known(door)
    whole = door.request(source)
    async with door.connection() as connection:
        connection.writer.write(whole[:-1])
        await asyncio.sleep(0.2)
        door.stopping.set()
        await asyncio.sleep(0.2)
        connection.writer.write(whole[-1:])
        answer = await connection.answer()
        assert (answer.status, answer.headers["connection"]) == (202, "close")
        assert await connection.is_closed()
    assert len(await door.ingest.logged()) == 1
