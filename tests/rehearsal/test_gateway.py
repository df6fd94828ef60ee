"""compose.yaml rehearsed: its containers' own commands behind its own gateway."""

import json
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest

from tests.rehearsal.echo import Echo
from tests.rehearsal.programs import missing
from tests.rehearsal.system import RehearsedSystem, rehearsed
from tests.system.running import SERVICES, event_body, signed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(2_400),
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
]

PROBLEM = "application/problem+json"
SECONDS = 300.0
"""What is waited for comes at once; only a machine that does ten other things needs this."""


def until(look: Callable[[], Any], what: str) -> Any:
    """What `look` finds, as soon as that is something."""
    deadline = time.monotonic() + SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, what
        time.sleep(0.2)
    return found


def send(
    system: RehearsedSystem, source: dict[str, Any], actor: str, **data: Any
) -> httpx.Response:
    body = event_body("like.created", actor, datetime.now(UTC), **data)
    headers = signed(source["secrets"]["secret"], uuid4().hex, body)
    path = httpx.URL(source["hook_url"]).path
    return system.http.post(path, content=body, headers=headers)


def a_webhook_becomes_a_number_in_each_service(system: RehearsedSystem) -> None:
    source = system.add_source(system.add_channel())
    assert source["hook_url"].startswith(f"{system.public_url}/ingest/hooks/")
    assert send(system, source, "fan", content={"external_id": "film"}).status_code == 202
    today = datetime.now(UTC).date()
    days = {"from": str(today), "to": str(today + timedelta(days=1))}  # in the workspace's zone

    def numbers() -> tuple[int, int]:
        people = system.ask("/crm/v1/stickiness", params=days)["items"]
        params = {"metric": "likes", **days}
        likes = system.ask("/insights/v1/metrics/query", params=params)["items"]
        return max(item["dau"] for item in people), sum(item["value"] for item in likes)

    until(lambda: numbers() == (1, 1), "a number did not come")
    system.settle(SECONDS)
    audit = system.audit()
    assert audit["residual"] == 0, audit


def an_event_of_the_stream_passes_while_the_stream_is_open(system: RehearsedSystem) -> None:
    source = system.add_source(system.add_channel())
    headers = {"Authorization": f"Bearer {system.token()}"}
    with system.http.stream(
        "GET", "/insights/v1/stream", headers=headers, timeout=SECONDS
    ) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        seen = ""
        for chunk in stream.iter_text():
            seen += chunk
            if "stream.opened" in seen and "event: metrics.minute" in seen:
                return  # it was not collected: the stream has not ended
            if "stream.opened" in seen and source:
                assert send(system, source, "viewer").status_code == 202
                source = None
    raise AssertionError(f"the stream ended: {seen}")


def a_body_passes_as_it_was_sent_up_to_the_limits(system: RehearsedSystem) -> None:
    source = system.add_source(system.add_channel())
    # Signed as it is: blanks, order and escapes count.
    actor = f'{{"external_id":"\\u5b89{uuid4()}"}}'
    odd = f'{{ "type":"like.created",\n\t"data" : {{"actor":{actor}}}}}  '
    headers = signed(source["secrets"]["secret"], uuid4().hex, odd)
    path = httpx.URL(source["hook_url"]).path
    assert system.http.post(path, content=odd, headers=headers).status_code == 202
    for size, answered_by in ((6_000_000, "ingest-api"), (20_000_000, "gateway")):
        big = b'[{"x":"' + b"x" * size + b'"}]'
        answer = system.call("POST", "/ingest/v1/activities", headers={}, content=big)
        assert (answer.status_code, answer.json()["status"]) == (413, 413), answered_by
        assert answer.headers["content-type"] == PROBLEM


def a_request_keeps_its_id_or_gets_one(system: RehearsedSystem) -> None:
    for path in ("/crm/health/live", "/crm/metrics"):  # of a service; of the gateway itself
        given = system.http.get(path, headers={"X-Request-Id": "order-7.1"})
        assert given.headers["x-request-id"] == "order-7.1"
        made = {system.http.get(path).headers["x-request-id"] for _ in range(2)}
        assert len(made) == 2
        forged = system.http.get(path, headers={"X-Request-Id": "a b;c"}).headers["x-request-id"]
        assert len(forged) == 32
    assert "order-7.1" in system.stack.output("gateway")


def a_service_hears_who_asks_and_not_what_they_claim(system: RehearsedSystem) -> None:
    """Another server in the place of the console tells what arrives."""
    names = system.stack.names
    before = names.addresses["console"]
    with Echo(*system.stack.place("console")) as echo:
        names.addresses["console"] = [echo.host]
        claims = {
            "X-Forwarded-For": "6.6.6.6",
            "Forwarded": "for=6.6.6.6",
            "X-Real-IP": "6.6.6.6",
            "X-Forwarded-Proto": "gopher",
            "x_signature": "kept",
        }
        path = "/odd%2Fpath//twice?q=%E5%AE%89&q=+"

        def heard() -> str | None:
            text = system.http.get(path, headers=claims).text
            return text if text.startswith("GET ") else None

        told = until(heard, "the gateway did not look the name up again")
    names.addresses["console"] = before
    assert told.splitlines()[0] == f"GET {path} HTTP/1.1"
    assert "6.6.6.6" not in told
    assert "gopher" not in told
    lines = told.lower().splitlines()
    assert "x-forwarded-for: 127.0.0.1" in lines
    assert "x_signature: kept" in lines
    assert f"host: 127.0.0.1:{system.port}" in lines


def a_replica_is_used_when_it_comes_and_missed_when_it_goes(system: RehearsedSystem) -> None:
    replica = system.stack.replicate("crm-api")
    first, second = system.stack.names.addresses["crm-api"]

    def both_asked() -> bool:
        assert system.http.get("/crm/health/live").status_code == 200
        log = system.stack.output("gateway")
        return all(f" {address}:" in log for address in (first, second))

    until(both_asked, "the replica was not used")
    system.stack.kill("crm-api")  # its name still leads to it, as until its lease ends
    for _ in range(10):
        assert system.http.get("/crm/v1/me").status_code == 401
    system.stack.names.addresses["crm-api"] = [second]
    system.stack.start({"crm-api"})
    system.stack.names.addresses["crm-api"] = [first]
    assert system.stack.stop(replica) == 0


def a_service_that_is_away_is_a_503_and_the_others_answer(system: RehearsedSystem) -> None:
    assert system.stack.stop("content-api") == 0
    token = {"Authorization": f"Bearer {system.token()}"}
    with system.client(timeout=30) as client:
        away = client.post("/content/v1/contents", json={"title": "t"}, headers=token)
    assert (away.status_code, away.headers["retry-after"]) == (503, "5")
    assert away.headers["content-type"] == PROBLEM
    assert system.http.get("/crm/health/live").status_code == 200
    system.stack.start({"content-api"})
    made = system.call("POST", "/content/v1/contents", {"title": "t", "body": "b"})
    assert made.status_code == 201


def broken_requests_get_a_problem(system: RehearsedSystem) -> None:
    assert system.http.get("/crm/%00").headers["content-type"] == PROBLEM
    long = system.http.get("/crm/health/live", headers={"x-long": "a" * 100_000})
    assert (long.status_code, long.headers["content-type"]) == (431, PROBLEM)
    with socket.create_connection(("127.0.0.1", system.port), timeout=SECONDS) as sock:
        sock.sendall(b"\x00\x01\r\n\r\n")
        assert b" 400 " in sock.recv(4_096)


def metrics_are_read_inside_only(system: RehearsedSystem) -> None:
    for service in SERVICES:
        assert system.http.get(f"/{service}/metrics").status_code == 404
        for role in ("api", "worker"):
            host, port = system.stack.place(f"{service}-{role}")
            inside = httpx.get(f"http://{host}:{port}/{service}/metrics")
            assert "mediaops_http_requests_total" in inside.text


def nothing_secret_is_in_a_log(system: RehearsedSystem) -> None:
    secrets = [p.read_text() for p in (system.data / "databases").iterdir()]
    secrets += [system.token(), (system.data / "keys/secrets.key").read_text().strip()]
    for path in system.stack.home.glob("*.log"):
        text = path.read_text(errors="replace")
        assert [s for s in secrets if s in text] == [], path.name
        assert "/ingest/hooks/" not in text, path.name


def an_operator_reaches_it_with_the_folder_of_secrets(system: RehearsedSystem) -> None:
    found = json.loads(system.printed("doctor", "--data", str(system.data), "--json"))
    assert [finding for finding in found if not finding["ok"]] == []
    system.printed("audit", "--wait", "60", "--data", str(system.data))


def a_revoked_token_is_refused_by_every_service(system: RehearsedSystem) -> None:
    data = ("--data", str(system.data))
    made = ("token", "create", "--workspace", "default", "--role", "owner", *data)
    headers = {"Authorization": f"Bearer {system.command(*made)}"}
    paths = [f"/{service}/v1/me" for service in SERVICES]

    def answers() -> set[int]:
        return {system.http.get(path, headers=headers).status_code for path in paths}

    assert answers() == {200}
    system.command("token", "revoke", headers["Authorization"].split()[1], *data)
    until(lambda: answers() == {401}, "a service goes on believing it")


def no_container_needs_what_it_may_not_have(system: RehearsedSystem) -> None:
    for name in (*system.stack.own(), "kafka"):
        container = system.stack.containers[name]
        used = psutil.Process(system.stack.running[name].pid).memory_info().rss
        print(f"{name:16} {used >> 20:4} of {container.memory >> 20} MiB")
        assert used < container.memory, name


def all_end_whole_when_they_are_asked_to(system: RehearsedSystem) -> None:
    assert system.stop() == 0


CHECKS = (
    a_webhook_becomes_a_number_in_each_service,
    an_event_of_the_stream_passes_while_the_stream_is_open,
    a_body_passes_as_it_was_sent_up_to_the_limits,
    a_request_keeps_its_id_or_gets_one,
    a_service_hears_who_asks_and_not_what_they_claim,
    a_replica_is_used_when_it_comes_and_missed_when_it_goes,
    a_service_that_is_away_is_a_503_and_the_others_answer,
    broken_requests_get_a_problem,
    metrics_are_read_inside_only,
    an_operator_reaches_it_with_the_folder_of_secrets,
    a_revoked_token_is_refused_by_every_service,
    no_container_needs_what_it_may_not_have,
    nothing_secret_is_in_a_log,
    all_end_whole_when_they_are_asked_to,
)


def test_the_composed_system_works_through_its_gateway(tmp_path: Path, subtests) -> None:
    """One start for all: it takes most of the time."""
    with rehearsed(tmp_path) as system:
        for check in CHECKS:
            with subtests.test(check.__name__.replace("_", " ")):
                check(system)
