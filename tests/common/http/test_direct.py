"""Short requests that a service answers without ASGI, on the connections of its server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from mediaops_common.http.app import build_directs
from mediaops_common.http.direct import MAX_BYTES, Tell, WholeRequest
from mediaops_common.http.reply import Reply
from mediaops_common.http.server import listen, serve
from mediaops_common.settings import HttpSettings

from tests.common.http.fake import FAKE, running
from tests.common.http.sockets import close, read_all

TAKEN = Reply(202, [(b"content-length", b"5"), (b"content-type", b"text/plain")], b"taken")


class Quick:
    """Takes what says `take`, later what says `later`, and nothing else."""

    prefix = b"/fake/quick/"

    def __init__(self) -> None:
        self.asked: list[WholeRequest] = []

    def __call__(self, request: WholeRequest, tell: Tell) -> bool:
        self.asked.append(request)
        more = [(b"x-number", b"%d" % len(self.asked))]
        if request.body == b"take":
            tell(TAKEN, more)
        elif request.body == b"later":
            asyncio.get_running_loop().call_later(0.1, tell, TAKEN, more)
        else:
            return False
        return True


@asynccontextmanager
async def quick(folder: Path) -> AsyncIterator[tuple[Quick, int]]:
    direct, settings = Quick(), HttpSettings(port=0, stop_seconds=1)
    stopping, is_up = asyncio.Event(), asyncio.Event()
    async with running(folder, replace(FAKE, direct=lambda _runtime: direct)) as fake:
        sock = listen(settings)
        directs = build_directs([fake.runtime])
        server = asyncio.create_task(
            serve(fake.app, settings, sock, stopping=stopping, on_ready=is_up.set, directs=directs)
        )
        await is_up.wait()
        try:
            yield direct, sock.getsockname()[1]
        finally:
            stopping.set()
            await server


async def exchange(port: int, raw: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(raw)
        return await read_all(reader, 2)
    finally:
        await close(writer)


def post(body: bytes, path: str = "/fake/quick/a?b=1", *more: bytes) -> bytes:
    lines = [b"POST %b HTTP/1.1" % path.encode(), b"Host: x", b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*lines, *more]) + b"\r\n\r\n" + body


async def test_it_is_asked_first_and_what_it_leaves_is_the_apps(tmp_path: Path) -> None:
    async with quick(tmp_path) as (direct, port):
        last = post(b"take", "/fake/quick/b", b"Connection: close")
        answers = await exchange(port, post(b"take") + post(b"leave") + last)
        first, second, third = answers.split(b"HTTP/1.1 ")[1:]
        assert first.startswith(
            b"202 Accepted\r\ncontent-length: 5\r\ncontent-type: text/plain\r\n"
        )
        assert b"\r\nx-number: 1\r\n" in first
        assert b"\r\ndate: " in first
        assert first.endswith(b"\r\n\r\ntaken")
        assert second.startswith(b"404 ")
        # It comes behind one that the app still answers.
        assert third.startswith(b"404 ")
        taken, left = direct.asked
        assert (taken.target, taken.body) == (b"/fake/quick/a?b=1", b"take")
        assert (taken.by_name[b"host"], taken.headers[0]) == (b"x", (b"host", b"x"))
        assert left.body == b"leave"


@pytest.mark.parametrize(
    "request_",
    [
        post(b"take", "/fake/other"),
        post(b"take", "/fake/quick"),
        post(b"x" * (MAX_BYTES + 1)),
        post(b"take").replace(b"POST", b"PUT"),
        post(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        + b"4\r\ntake\r\n0\r\n\r\n",
        post(b"take", "/fake/quick/a", b"Expect: 100-continue"),
    ],
)
async def test_what_is_not_short_whole_and_its_own_it_never_sees(
    tmp_path: Path, request_: bytes
) -> None:
    async with quick(tmp_path) as (direct, port):
        answer = await exchange(port, request_.replace(b"Host", b"Connection: close\r\nHost"))
        assert answer.split(b" ")[1] in (b"404", b"100")
        assert direct.asked == []


async def test_who_offers_another_protocol_is_answered_too(tmp_path: Path) -> None:
    offer = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk")
    async with quick(tmp_path) as (direct, port):
        answer = await exchange(port, post(b"take", "/fake/quick/a", *offer))
        assert (answer.split(b" ")[1], answer[-5:]) == (b"202", b"taken")
        [taken] = direct.asked
        assert (b"upgrade" in taken.by_name, taken.by_name[b"connection"]) == (False, b"keep-alive")


async def test_answers_keep_the_order_of_their_requests(tmp_path: Path) -> None:
    async with quick(tmp_path) as (direct, port):
        path = "/fake/health/live"
        live = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        answers = await exchange(port, post(b"later") + post(b"take") + live)
        statuses = [one.split(b" ")[0] for one in answers.split(b"HTTP/1.1 ")[1:]]
        assert statuses == [b"202", b"404", b"200"]
        assert len(direct.asked) == 1


async def test_a_client_that_is_gone_is_told_nothing(tmp_path: Path) -> None:
    async with quick(tmp_path) as (direct, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(post(b"later"))
        await asyncio.sleep(0.05)
        await close(writer)
        await asyncio.sleep(0.2)
        assert len(direct.asked) == 1
        assert b"taken" in await exchange(port, post(b"take", "/fake/quick/", b"Connection: close"))


def test_a_reply_has_one_line_for_each_header() -> None:
    with pytest.raises(ValueError, match="one line"):
        Reply(200, [(b"x", b"y\r\nset-cookie: z")], b"")
