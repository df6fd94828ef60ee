"""A source of YouTube is subscribed at its hub, and again before the lease ends."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from mediaops_ingest.hub_leases.jobs import ask_hubs

from tests.ingest.platforms.international_signers import TOPIC

OTHER = "https://www.youtube.com/feeds/videos.xml?channel_id=UC2"


class Hub(HTTPServer):
    """Takes what it is asked, or refuses it, and keeps it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[dict[str, str]] = []
        self.status = 202

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/subscribe"


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self.server.asked.append({name: one[0] for name, one in parse_qs(body).items()})
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *parts: Any) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[Hub]:
    found = Hub()
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


@pytest.fixture
def asking(ingest: Any, hub: Hub) -> Any:
    """Ingest whose hub is the one above."""
    runtime = ingest.runtime
    runtime.settings = runtime.settings.model_copy(update={"hub_url": hub.url})
    return ingest


async def a_source(ingest: Any, *topics: str) -> dict[str, Any]:
    secrets = {"hub_secret": "s3cret", "expected_topics": list(topics) or [TOPIC]}
    return await ingest.add_source(adapter="youtube-websub", secrets=secrets)


async def leases(ingest: Any, source: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await ingest.call("GET", f"/sources/{source['id']}/leases")
    return answer.json()["items"]


async def grant(ingest: Any, source: dict[str, Any], seconds: int = 432_000) -> Any:
    query = {
        "hub.mode": "subscribe",
        "hub.topic": TOPIC,
        "hub.challenge": "c1",
        "hub.lease_seconds": str(seconds),
    }
    return await ingest.knock(source, "GET", params=query)


async def test_a_new_source_is_subscribed_and_the_hubs_check_is_answered(asking, hub):
    source = await a_source(asking)
    await ask_hubs(asking.runtime)
    [asked] = hub.asked
    assert (asked["hub.mode"], asked["hub.topic"]) == ("subscribe", TOPIC)
    assert (asked["hub.callback"], asked["hub.secret"]) == (source["hook_url"], "s3cret")
    [lease] = await leases(asking, source)
    assert lease["state"] == "asked"
    answer = await grant(asking, source)
    assert (answer.status_code, answer.text) == (200, "c1")
    [lease] = await leases(asking, source)
    assert lease["state"] == "granted"
    assert await asking.logged() == []


async def test_a_lease_is_renewed_before_it_ends_and_not_sooner(asking, hub):
    source = await a_source(asking)
    await ask_hubs(asking.runtime)
    await grant(asking, source, seconds=432_000)
    asking.clock.moment += timedelta(seconds=432_000 * 2 / 3 - 60)
    await ask_hubs(asking.runtime)
    assert len(hub.asked) == 1
    asking.clock.moment += timedelta(seconds=60)
    await ask_hubs(asking.runtime)
    assert len(hub.asked) == 2
    # It still runs: what the hub sends meanwhile is what was granted.
    [lease] = await leases(asking, source)
    assert lease["state"] == "granted"
    await grant(asking, source)
    [renewed] = await leases(asking, source)
    assert renewed["ends_at"] > lease["ends_at"]


@pytest.mark.slow
async def test_a_hub_that_refuses_or_is_silent_is_asked_again_after_growing_waits(asking, hub):
    source = await a_source(asking)
    hub.status = 500
    await ask_hubs(asking.runtime)
    [lease] = await leases(asking, source)
    assert lease["reason"].startswith("500")
    waits = []
    for _ in range(3):
        [lease] = await leases(asking, source)
        waits.append(lease["ask_at"])
        await ask_hubs(asking.runtime)
        asking.clock.moment += timedelta(hours=6)
        await ask_hubs(asking.runtime)
    assert len(hub.asked) == 4
    assert waits == sorted(set(waits))
    hub.status = 202
    asking.clock.moment += timedelta(hours=6)
    await ask_hubs(asking.runtime)
    [lease] = await leases(asking, source)
    assert (lease["state"], lease["reason"]) == ("asked", "")


async def test_a_lease_that_ended_is_not_shown_as_granted(asking, hub):
    source = await a_source(asking)
    await ask_hubs(asking.runtime)
    await grant(asking, source, seconds=600)
    asking.clock.moment += timedelta(seconds=601)
    hub.status = 500
    await ask_hubs(asking.runtime)
    [lease] = await leases(asking, source)
    assert lease["state"] == "asked"
    assert lease["reason"].startswith("500")


@pytest.mark.slow
async def test_a_denied_topic_is_shown_as_such_and_asked_for_a_day_later(asking, hub):
    source = await a_source(asking)
    await ask_hubs(asking.runtime)
    query = {"hub.mode": "denied", "hub.topic": TOPIC, "hub.reason": "quota"}
    answer = await asking.knock(source, "GET", params=query)
    assert 200 <= answer.status_code < 300
    [lease] = await leases(asking, source)
    assert (lease["state"], lease["reason"]) == ("denied", "quota")
    await ask_hubs(asking.runtime)
    assert len(hub.asked) == 1
    asking.clock.moment += timedelta(hours=25)
    await ask_hubs(asking.runtime)
    assert len(hub.asked) == 2


@pytest.mark.slow
async def test_topics_follow_the_configuration_and_a_new_secret_is_told_to_the_hub(asking, hub):
    source = await a_source(asking)
    await ask_hubs(asking.runtime)
    await grant(asking, source)
    path = f"/sources/{source['id']}"
    rotated = await asking.call("POST", f"{path}/rotate-secret", {"secrets": {"hub_secret": "new"}})
    assert rotated.status_code == 200, rotated.text
    await ask_hubs(asking.runtime)
    assert hub.asked[-1]["hub.secret"] == "new"
    body = {"config": {"expected_topics": [OTHER]}}
    changed = await asking.call("PATCH", path, body, headers={"If-Match": "*"})
    assert changed.status_code == 200, changed.text
    await ask_hubs(asking.runtime)
    assert hub.asked[-1]["hub.topic"] == OTHER
    assert [one["topic"] for one in await leases(asking, source)] == [OTHER]
    answer = await grant(asking, source)
    assert answer.status_code == 404
    await asking.call("PATCH", path, {"enabled": False}, headers={"If-Match": "*"})
    await ask_hubs(asking.runtime)
    assert await leases(asking, source) == []


async def test_the_hub_is_not_asked_to_send_to_an_address_that_it_cannot_reach(ingest):
    source = await a_source(ingest)
    await ask_hubs(ingest.runtime)
    [lease] = await leases(ingest, source)
    assert lease["state"] == "unreachable"
    assert "--public-url" in lease["reason"]


async def test_a_push_that_is_not_signed_rightly_hears_a_success_and_is_dropped(ingest):
    source = await a_source(ingest)
    answer = await ingest.knock(source, content=b"<feed/>", headers={"x-hub-signature": "sha1=00"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert await ingest.logged() == []
