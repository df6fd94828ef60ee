"""The simulator's own connections, against a server that does one thing at a time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from mediaops_simulator.system.lines import Broken, Lines

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nsuccess"
CHUNKED = b"HTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
LAST = b"HTTP/1.1 401 Unauthorized\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno"


class Server:
    """Answers each request with the next of `answers`; `None` hangs up."""

    def __init__(self, *answers: bytes | None, takes_one: bool = False) -> None:
        """`takes_one`: ends its half of a connection after an answer, then waits for the other."""
        self.answers = list(answers)
        self.takes_one = takes_one
        self.ended = asyncio.Event()
        self.connections = 0
        self.requests: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.requests.append(head + await reader.readexactly(2))
                answer = self.answers.pop(0)
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
                if self.takes_one:
                    writer.write_eof()
                    await reader.read()
                    self.ended.set()
                    break
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def connected(server: Server) -> AsyncIterator[Lines]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    lines = Lines(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}")
    try:
        yield lines
    finally:
        lines.close()
        listening.close()
        await asyncio.sleep(0.01)


async def post(lines: Lines, lane: int = 0) -> tuple[int, bytes]:
    reply = await lines.post(lane, "/hook", {"a": "ü"}, {"Msg-Id": "m1"}, b"{}")
    return reply.status, reply.body


async def test_a_lane_keeps_its_connection():
    server = Server(OK, CHUNKED)
    async with connected(server) as lines:
        assert [await post(lines), await post(lines)] == [(200, b"success"), (202, b"{}")]
        assert server.connections == 1
    assert server.requests[0].startswith(b"POST /hook?a=%C3%BC HTTP/1.1\r\nhost: 127.0.0.1:")
    assert b"\r\nMsg-Id: m1\r\ncontent-length: 2\r\n" in server.requests[0]


async def test_lanes_have_connections_of_their_own():
    server = Server(OK, OK)
    async with connected(server) as lines:
        await asyncio.gather(post(lines, 1), post(lines, 2))
        assert server.connections == 2


async def test_a_connection_that_the_server_closes_is_made_anew():
    server = Server(LAST, OK)
    async with connected(server) as lines:
        assert [await post(lines), await post(lines)] == [(401, b"no"), (200, b"success")]
        assert server.connections == 2


async def test_a_connection_that_ended_while_it_rested_is_ended_here_too():
    server = Server(OK, OK, takes_one=True)
    async with connected(server) as lines:
        assert await post(lines) == (200, b"success")
        while server.connections == 1:
            with contextlib.suppress(Broken):  # it may not have heard of the end yet
                await post(lines)
            await asyncio.sleep(0.01)
        async with asyncio.timeout(60):
            await server.ended.wait()


async def test_an_answer_that_never_comes_is_broken_and_the_next_request_goes_through():
    server = Server(None, OK)
    async with connected(server) as lines:
        with pytest.raises(Broken):
            await post(lines)
        assert await post(lines) == (200, b"success")


async def test_nobody_there_is_broken_too():
    with pytest.raises(Broken):
        await post(Lines("http://127.0.0.1:9"))
