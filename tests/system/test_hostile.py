"""At least eighty hostile requests: the right 4xx problem each, never a 5xx, memory flat."""

import json
import socket
import time
from collections.abc import Iterator
from itertools import chain

import psutil
import pytest

from tests.system import hostile
from tests.system.running import System

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def attacks(system: System) -> Iterator[hostile.Attack]:
    channel = system.add_channel()
    hook = system.add_source(channel)["hook_url"].removeprefix(system.url)
    valid_channel = {
        "platform": "site",
        "external_id": "x",
        "name": "n",
        "owner_kind": "individual",
    }
    return chain(
        hostile.bodies("/ingest/v1/channels", valid_channel, "name"),
        hostile.bodies("/content/v1/contents", {"title": "t", "body": "b"}, "title"),
        hostile.queries(),
        hostile.tokens(system.token()),
        hostile.signed_but_wrong(system.token(), system.signing_key()),
        hostile.cursors(),
        hostile.changes(channel),
        hostile.strangers(),
        hostile.hooks(hook),
        hostile.activities(channel),
    )


def test_every_hostile_request_gets_its_4xx_and_memory_stays_flat(system) -> None:
    assert system.process is not None
    process = psutil.Process(system.process.pid)
    listed = list(attacks(system))
    assert len(listed) >= 80
    before = process.memory_info().rss
    wrong = []
    for attack in listed:
        headers = dict(attack.headers)
        if attack.signs_in:
            headers["Authorization"] = f"Bearer {system.token()}"
        answer = system.http.request(
            attack.method,
            attack.path,
            content=attack.content,
            headers=headers,
            params=attack.params or None,
        )
        if answer.status_code not in attack.statuses:
            wrong.append((attack.name, answer.status_code, attack.statuses, answer.text[:200]))
        elif answer.status_code == 202:
            told = answer.json()
            if (told["accepted"], len(told["rejected"])) != (0, 1):
                wrong.append((attack.name, 202, "one rejected", answer.text[:200]))
        elif answer.headers.get("content-type") != "application/problem+json":
            wrong.append((attack.name, answer.status_code, "a problem", answer.text[:200]))
        else:
            problem = answer.json()
            if problem["status"] != answer.status_code or "type" not in problem:
                wrong.append((attack.name, answer.status_code, "its members", answer.text[:200]))
    assert not wrong, "\n".join(map(str, wrong))
    assert process.memory_info().rss - before < 60 << 20
    assert system.http.get("/ingest/health/ready").status_code == 200


def test_text_of_attackers_is_kept_as_text(system) -> None:
    body = {"platform": "site", "external_id": hostile.SQL, "name": hostile.HTML}
    made = system.call("POST", "/ingest/v1/channels", {**body, "owner_kind": "individual"})
    assert made.status_code == 201
    shown = system.ask(f"/ingest/v1/channels/{made.json()['id']}")
    assert (shown["external_id"], shown["name"]) == (hostile.SQL, hostile.HTML)
    found = system.ask("/content/v1/contents", params={"q": hostile.SQL + "%_\\"})
    assert found["items"] == []


RAW = {
    "both lengths": b"POST /ingest/v1/activities HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n"
    b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "garbage": b"\x00\x01\x02\x03\r\n\r\n",
    "folded header": b"GET /crm/v1/me HTTP/1.1\r\nhost: x\r\nx-a: 1\r\n 2\r\n\r\n",
    "length negative": b"POST /ingest/v1/activities HTTP/1.1\r\nhost: x\r\n"
    b"content-length: -1\r\n\r\n",
    "length text": b"POST /ingest/v1/activities HTTP/1.1\r\nhost: x\r\ncontent-length: ten\r\n\r\n",
    "doubled token": b"GET /crm/v1/me HTTP/1.1\r\nhost: x\r\nauthorization: Bearer a\r\n"
    b"authorization: Bearer b\r\n\r\n",
    "non-ascii token": b"GET /crm/v1/me HTTP/1.1\r\nhost: x\r\nauthorization: Bearer \xe9\r\n\r\n",
    "header too long": b"GET / HTTP/1.1\r\nhost: x\r\nx-long: " + b"a" * 200_000 + b"\r\n\r\n",
    "bad chunk": b"POST /ingest/v1/activities HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n"
    b"\r\nzz\r\n",
}


def answer_to(system: System, raw: bytes, seconds: float) -> bytes:
    """What comes back within that time; b"" for a connection that was closed."""
    with socket.create_connection(("127.0.0.1", system.port), timeout=seconds) as sock:
        try:
            sock.sendall(raw)
            return sock.recv(65_536)
        except (ConnectionResetError, BrokenPipeError):
            return b""


@pytest.mark.parametrize("name", RAW)
def test_broken_framing_gets_400_or_a_closed_connection(system, name) -> None:
    answer = answer_to(system, RAW[name], 15.0)
    status = int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0
    assert status in (0, 400, 401, 404, 405, 408, 411, 413, 431), answer[:200]


def test_endless_chunks_are_cut_off_at_the_limit(system) -> None:
    token = system.token()
    head = (
        "POST /ingest/v1/channels HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {token}\r\ntransfer-encoding: chunked\r\n\r\n"
    ).encode()
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    with socket.create_connection(("127.0.0.1", system.port), timeout=20) as sock:
        sock.sendall(head)
        sent = 0
        try:
            while sent < 1_000:
                sock.sendall(chunk)
                sent += 1
        except (ConnectionResetError, BrokenPipeError):
            pass
        assert sent < 1_000, "64 MiB were taken"


@pytest.mark.parametrize(
    "start",
    [b"GET /crm/v1/me HTTP/1.1\r\nhost: ", b"POST /ingest/v1/channels HTTP/1.1\r\nhost: x\r\n"],
    ids=["slow headers", "slow headers of a post"],
)
def test_slow_headers_are_closed_within_the_deadline(system, start) -> None:
    with socket.create_connection(("127.0.0.1", system.port), timeout=30) as sock:
        sock.sendall(start)
        began = time.monotonic()
        try:
            while time.monotonic() - began < 25:
                sock.settimeout(1.0)
                try:
                    if sock.recv(1_000) == b"":
                        break
                    break  # a bare 408
                except TimeoutError:
                    sock.sendall(b"a")
        except (ConnectionResetError, BrokenPipeError):
            pass
        assert time.monotonic() - began < 20


def test_a_problem_shows_nothing_secret(system) -> None:
    token = system.token()
    answer = system.http.get("/crm/v1/stickiness", headers={"Authorization": f"Bearer {token}x"})
    assert answer.status_code == 401
    assert token not in answer.text
    assert json.loads(answer.text)["type"].startswith("https://")
    assert token not in system.output()
