"""How the simulator sends: in order, again when it must, and never believing a forgery accepted."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from mediaops_common.clock import FrozenClock
from mediaops_simulator.plan.sendings import Sending
from mediaops_simulator.system.api import Api, Unexpected
from mediaops_simulator.system.company import Connection, Workplace
from mediaops_simulator.system.sender import Sender
from mediaops_simulator.truth.book import Book
from mediaops_simulator.wire.requests import Credentials

from tests.simulator.builders import RECEIVED, ZONE, a_sending, an_act

Answer = Callable[[httpx.Request], httpx.Response]


def a_sender(answer: Answer) -> tuple[Sender, Api]:
    api = Api("http://mediaops.test", "token", transport=httpx.MockTransport(answer))
    hook = "http://elsewhere.test/ingest/hooks/key"
    place = Workplace("demo", {"kitchen": Connection("c1", "s1", hook, Credentials("secret"))})
    return Sender(api, place, Book(ZONE), FrozenClock(RECEIVED)), api


def a_like(person: str = "ann", **more: Any) -> Sending:
    act = an_act(1, person, account="kitchen", type="like.created", content="7")
    return a_sending(act, **more)


async def send(answer: Answer, *sendings: Sending) -> Book:
    sender, api = a_sender(answer)
    async with api:
        await sender.send(sendings)
    return sender.book


async def test_what_is_acknowledged_is_booked_and_goes_to_the_hook_without_a_token():
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200)

    book = await send(answer, a_like())
    assert [line.act.person for line in book.lines] == ["ann"]
    assert str(asked[0].url) == "http://mediaops.test/ingest/hooks/key"
    assert "authorization" not in asked[0].headers


async def test_requests_of_a_lane_arrive_in_order_whatever_the_server_does():
    seen: list[str] = []
    sendings = [a_like() for _ in range(30)]

    async def answer(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.001 * (len(seen) % 3))
        if len(seen) % 7 == 3:
            seen.append("refused")
            return httpx.Response(503, headers={"retry-after": "0"})
        seen.append(request.headers["msg-id"])
        return httpx.Response(200)

    await send(answer, *sendings)
    assert [key for key in seen if key != "refused"] == [sending.key for sending in sendings]


async def test_a_broken_connection_is_tried_again_and_remembered_as_unsure():
    tries: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        tries.append(request.content)
        if len(tries) == 1:
            raise httpx.ReadError("gone")
        return httpx.Response(200)

    book = await send(answer, a_like())
    assert (len(tries), book.unsure, len(book.lines)) == (2, 1, 1)
    assert tries[0] == tries[1]


async def test_a_refused_forgery_is_counted_apart_and_an_accepted_one_is_an_error():
    book = await send(lambda request: httpx.Response(401), a_like(is_forged=True))
    assert (book.refused, book.lines, sum(book.outcomes.values())) == (1, [], 0)
    with pytest.raises(ExceptionGroup) as caught:
        await send(lambda request: httpx.Response(200), a_like(is_forged=True))
    assert caught.group_contains(Unexpected)


async def test_an_import_carries_the_platforms_own_key():
    asked: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.url.path, json.loads(request.content)))
        return httpx.Response(202, json={"accepted": 1, "rejected": []})

    sending = a_like(via="api")
    await send(answer, sending)
    ((path, (activity,)),) = asked
    assert path == "/ingest/v1/activities"
    assert (activity["dedup_key"], activity["channel_id"]) == (sending.key, "c1")
    assert activity["actor"] == {"external_id": "ann"}
