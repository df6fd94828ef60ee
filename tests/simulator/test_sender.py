"""How the simulator sends: in order, again when it must, and never believing a forgery accepted."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx
import pytest
from mediaops_common.clock import FrozenClock
from mediaops_simulator.plan.sendings import Sending
from mediaops_simulator.system.api import Api
from mediaops_simulator.system.company import Connection, Workplace
from mediaops_simulator.system.lines import Broken, Reply
from mediaops_simulator.system.sender import NotTaken, Sender
from mediaops_simulator.truth.book import Book
from mediaops_simulator.wire.requests import Credentials

from tests.simulator.builders import RECEIVED, ZONE, a_sending, an_act


class FakeLines:
    """Keeps what is posted and answers as it is told."""

    def __init__(self, answer: Callable[[str, bytes], Awaitable[Reply]]) -> None:
        self.answer = answer
        self.asked: list[tuple[str, Mapping[str, str], bytes]] = []

    async def post(
        self, lane: Any, path: str, params: Any, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        self.asked.append((path, headers, body))
        return await self.answer(headers["Msg-Id"], body)


async def always(status: int) -> Reply:
    return Reply(status)


async def send(
    lines: FakeLines,
    *sendings: Sending,
    api: Callable[[httpx.Request], httpx.Response] = lambda request: httpx.Response(404),
) -> Book:
    hook = "http://elsewhere.test/ingest/hooks/key"
    place = Workplace("demo", {"kitchen": Connection("c1", "s1", hook, Credentials("secret"))})
    async with Api("http://mediaops.test", "token", transport=httpx.MockTransport(api)) as client:
        sender = Sender(client, lines, place, Book(ZONE), FrozenClock(RECEIVED))  # type: ignore[arg-type]
        await sender.send(sendings)
        return sender.book


def a_like(person: str = "ann", **more: Any) -> Sending:
    act = an_act(1, person, account="kitchen", type="like.created", content="7")
    return a_sending(act, **more)


async def test_what_is_acknowledged_is_booked_and_goes_to_the_hook_without_a_token():
    lines = FakeLines(lambda key, body: always(200))
    book = await send(lines, a_like())
    assert [line.act.person for line in book.lines] == ["ann"]
    ((path, headers, _),) = lines.asked
    assert path == "/ingest/hooks/key"
    assert "authorization" not in {name.lower() for name in headers}


async def test_requests_of_a_lane_arrive_in_order_whatever_the_server_does():
    seen: list[str] = []
    sendings = [a_like() for _ in range(30)]

    async def answer(key: str, body: bytes) -> Reply:
        await asyncio.sleep(0.001 * (len(seen) % 3))
        if len(seen) % 7 == 3:
            seen.append("refused")
            return Reply(503, {"retry-after": "0"})
        seen.append(key)
        return Reply(200)

    book = await send(FakeLines(answer), *sendings)
    assert [key for key in seen if key != "refused"] == [sending.key for sending in sendings]
    # What was answered 503 may have been kept: its repeat may be a duplicate.
    assert book.unsure == seen.count("refused") > 0


async def test_a_broken_connection_is_tried_again_and_remembered_as_unsure():
    tries: list[bytes] = []

    async def answer(key: str, body: bytes) -> Reply:
        tries.append(body)
        if len(tries) == 1:
            raise Broken("gone")
        return Reply(200)

    book = await send(FakeLines(answer), a_like())
    assert (len(tries), book.unsure, len(book.lines)) == (2, 1, 1)
    assert tries[0] == tries[1]


async def test_a_refused_forgery_is_counted_apart_and_an_accepted_one_is_an_error():
    forged = a_like(is_forged=True)
    book = await send(FakeLines(lambda key, body: always(401)), forged)
    assert (book.refused, book.lines, sum(book.outcomes.values())) == (1, [], 0)
    with pytest.raises(ExceptionGroup) as caught:
        await send(FakeLines(lambda key, body: always(200)), forged)
    assert caught.group_contains(NotTaken)


async def test_an_import_carries_the_platforms_own_key():
    asked: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.url.path, json.loads(request.content)))
        return httpx.Response(202, json={"accepted": 1, "rejected": []})

    sending = a_like(via="api")
    await send(FakeLines(lambda key, body: always(500)), sending, api=answer)
    ((path, (activity,)),) = asked
    assert path == "/ingest/v1/activities"
    assert (activity["dedup_key"], activity["channel_id"]) == (sending.key, "c1")
    assert activity["actor"] == {"external_id": "ann"}
