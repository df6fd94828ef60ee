"""Slow, silent and idle connections over real sockets: each ends in time."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.common.http.sockets import CHUNKED, GET, POST, Served, close, read_until_closed, served

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.mark.parametrize("sent", [b"", b"G", b"GET / HTTP/1.1\r\nHo", b"\r\n\r\n"])
async def test_a_connection_that_goes_silent_is_closed(sent: bytes, server: Served) -> None:
    reader, writer = await server.open()
    writer.write(sent)
    assert (await read_until_closed(reader)).split(b" ")[1:2] in ([b"408"], [])
    await close(writer)


@pytest.mark.parametrize("sent", [b"G", GET, b"\r\n", POST + b"Content-Length: 9\r\n\r\n"])
async def test_the_next_request_has_deadlines_of_its_own(sent: bytes, server: Served) -> None:
    reader, writer = await server.open()
    for _ in range(2):
        writer.write(GET + b"\r\n")
        assert b" 200 " in await asyncio.wait_for(reader.readuntil(b"}"), 20)
    writer.write(sent)
    # Long before an idle connection would be closed.
    answer = await asyncio.wait_for(read_until_closed(reader), 20)
    assert answer.split(b" ")[1:2] in ([b"408"], [b"401"])
    await close(writer)


async def test_a_connection_is_idle_once_the_body_of_a_refused_request_has_come(
    tmp_path: Path,
) -> None:
    async with served(tmp_path, idle_seconds=1) as server:
        reader, writer = await server.open()
        writer.write(POST + b"Content-Length: 10\r\n\r\n")
        assert b" 401 " in await asyncio.wait_for(reader.readuntil(b"}"), 20)
        writer.write(b"0123456789")
        assert b"HTTP/1.1" not in await read_until_closed(reader)
        await close(writer)


async def test_an_idle_connection_is_closed_some_time_after_its_last_answer(tmp_path: Path) -> None:
    async with served(tmp_path, idle_seconds=2) as server:
        reader, writer = await server.open()
        begun = asyncio.get_running_loop().time()
        for _ in range(4):
            writer.write(GET + b"\r\n")
            assert b" 200 " in await asyncio.wait_for(reader.readuntil(b"}"), 20)
            await asyncio.sleep(0.8)
        assert await read_until_closed(reader) == b""
        assert asyncio.get_running_loop().time() - begun >= 3 * 0.8 + 2
        await close(writer)


@pytest.mark.slow
@pytest.mark.parametrize("drop", [b"X-A: b\r\n", b"\r\n"])
async def test_trickled_headers_meet_their_deadline(drop: bytes, server: Served) -> None:
    reader, writer = await server.open()
    if drop != b"\r\n":
        writer.write(GET)
    reading = asyncio.create_task(read_until_closed(reader))
    while not reading.done():
        writer.write(drop)
        await asyncio.sleep(0.05)
    assert (await reading).split(b" ")[1:2] in ([b"408"], [])
    await close(writer)


@pytest.mark.slow
@pytest.mark.parametrize("framing", [b"Content-Length: 1000\r\n", CHUNKED])
async def test_a_trickled_body_meets_its_deadline(framing: bytes, server: Served) -> None:
    reader, writer = await server.open()
    writer.write(POST + server.authorization + framing + b"\r\n")
    reading = asyncio.create_task(read_until_closed(reader))
    while not reading.done():
        writer.write(b"1\r\n \r\n" if b"chunked" in framing else b" ")
        await asyncio.sleep(0.05)
    assert (await reading).split(b" ")[1:2] in ([b"408"], [])
    await close(writer)


@pytest.mark.slow
async def test_two_hundred_slow_connections_leave_room_for_honest_ones(server: Served) -> None:
    slow = [await server.open() for _ in range(200)]
    for _, writer in slow:
        writer.write(GET)
    assert b" 200 " in await server.exchange(GET + b"Connection: close\r\n\r\n")
    answers = await asyncio.gather(*(read_until_closed(reader) for reader, _ in slow))
    assert {answer.split(b" ")[1] for answer in answers if answer} <= {b"408"}
    for _, writer in slow:
        await close(writer)
