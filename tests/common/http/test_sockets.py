"""Broken, slow and endless requests over real sockets: bare 4xx or a closed connection, in time."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.common.http.sockets import (
    CHUNKED,
    GET,
    POST,
    Served,
    close,
    read_all,
    read_until_closed,
    served,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served(tmp_path_factory.mktemp("served")) as running:
        yield running


BROKEN = {
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a greeting": b"EHLO mail\r\n\r\n",
    "no version": b"GET /fake/health/live\r\n\r\n",
    "HTTP/9.9": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an unknown method": b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
    "no host": b"GET /fake/health/live HTTP/1.1\r\n\r\n",
    "two hosts": GET + b"Host: y\r\n\r\n",
    "length and chunks": POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "two equal lengths": POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "a list of lengths": POST + b"Content-Length: 3, 3\r\n\r\nabc",
    "a negative length": POST + b"Content-Length: -1\r\n\r\n",
    "a signed length": POST + b"Content-Length: +3\r\n\r\nabc",
    "a hexadecimal length": POST + b"Content-Length: 0x3\r\n\r\nabc",
    "a length beyond 64 bits": POST + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "an unknown coding": POST + b"Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
    "chunked not last": POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunked with a tab": POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": POST.replace(b"1.1", b"1.0") + CHUNKED + b"\r\n0\r\n\r\n",
    "a chunk size that is no number": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "a chunk size beyond 64 bits": POST
    + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n\r\n",
    "a chunk that is too long": POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
    "a folded header": GET + b"X-A: 1\r\n 2\r\n\r\n",
    "a blank before the colon": GET + b"Content-Length : 3\r\n\r\n",
    "a header without colon": GET + b"nonsense\r\n\r\n",
    "a header without name": GET + b": x\r\n\r\n",
    "NUL in a header": GET + b"X-A: a\x00b\r\n\r\n",
    "NUL in the path": b"GET /fake/\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a bare carriage return": GET + b"X-A: 1\rX-B: 2\r\n\r\n",
    "a raw non-ASCII path": "GET /fake/小 HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    "a blank in the path": b"GET /fake/a b HTTP/1.1\r\nHost: x\r\n\r\n",
    "CONNECT": b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_request_ends_in_a_4xx_and_a_closed_connection(
    raw: bytes, server: Served
) -> None:
    reader, writer = await server.open()
    writer.write(raw)
    answer = await read_until_closed(reader)
    await close(writer)
    status = answer.split(b" ", 2)[1:2]
    assert status in ([], [b"400"], [b"401"], [b"404"], [b"405"], [b"408"]), answer
    # Nothing behind the first answer may be taken for another.
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert b"200" in (await server.exchange(GET + b"Connection: close\r\n\r\n"))[:15]


async def test_headers_that_are_too_long_are_refused(server: Served) -> None:
    for raw in (
        GET + b"X-A: " + b"a" * 100_000 + b"\r\n\r\n",
        GET + b"".join(b"X-%d: a\r\n" % number for number in range(10_000)) + b"\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        GET + b"X-A: " + b"a" * 100_000,
    ):
        answer = await server.exchange(raw)
        assert answer.split(b" ")[1:2] in ([b"431"], [])


async def test_headers_that_are_too_long_are_refused_behind_another_request(server: Served) -> None:
    long = b"X-A: " + b"a" * 20_000 + b"\r\n"
    reader, writer = await server.open()
    writer.write(GET + b"\r\n" + GET + long)
    assert b" 200 " in await asyncio.wait_for(reader.readuntil(b"}"), 20)
    writer.write(long + b"\r\n")
    assert b" 431 " in await read_until_closed(reader)
    await close(writer)


async def test_headers_that_are_long_but_allowed_are_read(server: Served) -> None:
    raw = GET + b"X-A: " + b"a" * 30_000 + b"\r\nConnection: close\r\n\r\n"
    assert b" 200 " in await server.exchange(raw)


async def test_a_body_over_the_limit_is_refused_before_it_is_sent(server: Served) -> None:
    head = server.post(b"", b"Connection: close")
    head = head.replace(b"Content-Length: 0", b"Content-Length: 5242881")
    answer = await server.exchange(head, seconds=20)
    assert b" 413 " in answer
    assert b"application/problem+json" in answer


@pytest.mark.slow
async def test_an_endless_chunked_body_is_refused_and_memory_stays_flat(server: Served) -> None:
    reader, writer = await server.open()
    writer.write(POST + server.authorization + b"Transfer-Encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    reading = asyncio.create_task(read_all(reader, 8))
    sent = 0
    try:
        while not reading.done() and sent < 200_000_000:
            writer.write(chunk)
            await writer.drain()
            sent += len(chunk)
    except ConnectionError:
        pass
    # Refused at 5 MiB, then read and dropped for a while so that the answer arrives, then closed.
    assert sent < 60_000_000
    assert b" 413 " in await reading
    await close(writer)


async def test_a_body_at_the_limit_is_read(tmp_path: Path) -> None:
    async with served(tmp_path, body_seconds=30) as server:
        body = b'{"title": "a"}' + b" " * (5 * 1024 * 1024 - 14)
        answer = await server.exchange(server.post(body, b"Connection: close"), seconds=30)
    assert b" 201 " in answer


async def test_a_client_that_hangs_up_in_its_body_harms_nobody(server: Served) -> None:
    for _ in range(20):
        _reader, writer = await server.open()
        writer.write(server.post(b"x" * 1000)[:-900])
        await writer.drain()
        writer.transport.abort()
    assert b" 200 " in await server.exchange(GET + b"Connection: close\r\n\r\n")


@pytest.mark.slow
async def test_a_client_that_does_not_read_is_let_go(tmp_path: Path) -> None:
    async with served(tmp_path) as server:
        for number in range(50):
            body = b'{"title": "%d", "text": "%s"}' % (number, b"a" * 100_000)
            await server.exchange(server.post(body, b"Connection: close"))
        _reader, writer = await server.open()
        ask = b"GET /fake/v1/notes HTTP/1.1\r\nHost: x\r\n" + server.authorization + b"\r\n"
        writer.write(ask * 20)
        # Nobody reads; the connection is gone when writing to it fails.
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(write_for_ever(writer), 60)
        await close(writer)


async def write_for_ever(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"\r\n")
        await writer.drain()
        await asyncio.sleep(0.1)


async def test_requests_in_a_row_are_answered_on_one_connection(server: Served) -> None:
    reader, writer = await server.open()
    for _ in range(3):
        writer.write(server.post(b'{"title": ""}'))
        answer = await asyncio.wait_for(reader.readuntil(b"]}"), 20)
        assert b" 422 " in answer
    await close(writer)


async def test_pipelined_requests_are_answered_in_order(server: Served) -> None:
    first = b"GET /fake/health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    second = b"GET /fake/v1/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = await server.exchange(first + second)
    assert answer.index(b" 200 ") < answer.index(b" 401 ")


async def test_an_offer_to_upgrade_does_not_lose_the_body(server: Served) -> None:
    raw = server.post(
        b'{"title": "up"}', b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk", b"Connection: Upgrade"
    )
    reader, writer = await server.open()
    writer.write(raw)
    assert b" 201 " in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
    await close(writer)


async def test_an_expectation_is_met_after_the_token_is_proved(server: Served) -> None:
    body = b'{"title": "expected"}'
    head = server.post(body, b"Expect: 100-continue", b"Connection: close")[: -len(body)]
    reader, writer = await server.open()
    writer.write(head)
    assert b"100 Continue" in await reader.readuntil(b"\r\n\r\n")
    writer.write(body)
    assert b" 201 " in await read_until_closed(reader)
    await close(writer)
    reader, writer = await server.open()
    writer.write(head.replace(server.authorization, b""))
    refused = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
    assert refused.startswith(b"HTTP/1.1 401")
    await close(writer)


async def test_doubled_and_foreign_headers_do_no_harm(server: Served) -> None:
    odd = [
        b"X-Request-Id: \xff\xfe",
        b"traceparent: \xe5\xb0\x8f",
        b"Cookie: a=\xff; =; a",
        b"X-Forwarded-For: 1.2.3.4, evil",
        b'Forwarded: for="[::1]"',
        b"Accept: */*;q=\xff",
        b"Range: bytes=0-18446744073709551615",
        b'If-Match: "\xff"',
        b"Idempotency-Key: a\r\nIdempotency-Key: b",
        b"Content-Type: application/json",
        b"Content-Encoding: \xff",
        b"Authorization: Bearer x",
        b"Accept-Language: " + b"zh," * 5000,
    ]
    for number, header in enumerate(odd):
        body = b'{"title": "%d"}' % number
        answer = await server.exchange(server.post(body, header, b"Connection: close"))
        status = int(answer.split(b" ", 2)[1])
        assert status == 201 or 400 <= status < 500, (header, answer)


async def test_stopping_lets_a_running_request_finish(tmp_path: Path) -> None:
    async with served(tmp_path, stop_seconds=3) as server:

        async def slowly(session: object) -> None:
            server.stopping.set()
            await asyncio.sleep(0.5)

        server.fake.runtime.state["before_commit"] = slowly
        answer = await server.exchange(server.post(b'{"title": "last"}'))
        assert b" 201 " in answer
        with pytest.raises(OSError, match=r"."):
            await server.open()
