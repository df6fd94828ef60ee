"""Clients from PyPI that nobody here wrote talk to a running server."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from rudderstack.analytics.client import Client as RudderClient
from segment.analytics.client import Client as SegmentClient
from snowplow_tracker import Emitter, Subject, Tracker
from snowplow_tracker.events import PageView, StructuredEvent
from standardwebhooks.webhooks import Webhook
from svix.webhooks import Webhook as SvixWebhook
from wechatpy.crypto import WeChatCrypto

from tests.ingest.clients.reading import kept_types
from tests.ingest.platforms.international_signers import BODIES, KEY, a_push
from tests.ingest.platforms.signers import WECHAT, a_sealed_wechat_message, wechat_xml
from tests.ingest.running import serving

pytestmark = pytest.mark.slow

LIKE = {"type": "like.created", "data": {"actor": {"external_id": "u1"}}}


async def post(url: str, body: str | bytes, headers: dict[str, str]) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.post(url, content=body, headers=headers)


@pytest.mark.parametrize("name", ["standard-webhooks", "svix"])
async def test_standardwebhooks_and_svix_sign(tmp_path, backend, name):
    async with serving(tmp_path, backend) as ingest:
        source = await ingest.add_source(adapter=name)
        signer = {"standard-webhooks": Webhook, "svix": SvixWebhook}[name](
            source["secrets"]["secret"]
        )
        stem = {"standard-webhooks": "webhook", "svix": "svix"}[name]
        now, body = ingest.clock.now(), json.dumps(LIKE)
        headers = {
            f"{stem}-id": "msg_1",
            f"{stem}-timestamp": str(int(now.timestamp())),
            f"{stem}-signature": signer.sign("msg_1", now, body),
        }
        assert (await post(source["hook_url"], body, headers)).status_code == 202
        assert (await post(source["hook_url"], body + " ", headers)).status_code == 401
        assert await kept_types(ingest) == ["like.created"]


async def test_cloudevents_in_binary_and_structured_mode(tmp_path, backend):
    async with serving(tmp_path, backend) as ingest:
        source = await ingest.add_source(adapter="cloudevents")
        attributes = {
            "id": "ce-1",
            "source": "/partners/1",
            "type": "com.mediaops.like.created",
            "time": datetime(2026, 11, 22, 8, tzinfo=UTC),
            "specversion": "1.0",
            "datacontenttype": "application/json",
            "partner": "晨光传媒",
        }
        for write in (to_binary_event, to_structured_event):
            message = write(CloudEvent(attributes=attributes, data=LIKE["data"]))
            answer = await post(source["hook_url"], message.body, dict(message.headers))
            assert answer.status_code == 202, write
        assert await kept_types(ingest) == ["like.created"] * 2


async def test_wechatpy_encrypts(tmp_path, backend):
    async with serving(tmp_path, backend) as ingest:
        source = await ingest.add_source(adapter="wechat-oa", secrets=WECHAT)
        message = a_sealed_wechat_message(wechat_xml(Event="subscribe"), now=ingest.clock.now())
        url = f"{source['hook_url']}?{message.query.decode()}"
        answer = await post(url, message.body, {"content-type": "text/xml"})
        assert answer.status_code == 200
        assert len(await ingest.logged()) == 1
        assert WeChatCrypto.__module__.startswith("wechatpy")


async def test_the_line_sdk_reads_what_we_accept_and_refuses_what_we_refuse(tmp_path, backend):
    # Imported here because it takes a second, which every run of other tests would pay.
    from linebot.v3.exceptions import InvalidSignatureError
    from linebot.v3.webhook import WebhookParser

    async with serving(tmp_path, backend) as ingest:
        source = await ingest.add_source(adapter="line", secrets={"channel_secret": KEY})
        event = BODIES["line"]["events"][0] | {"mode": "active", "replyToken": "r"}
        event["follow"] = {"isUnblocked": False}
        push = a_push("line", {"destination": "U0", "events": [event]})
        headers = {name.decode(): value.decode() for name, value in push.headers}
        body, parser = push.body.decode(), WebhookParser(KEY)
        [read] = parser.parse(body, headers["x-line-signature"])
        assert read.webhook_event_id == "w1"
        assert (await post(source["hook_url"], body, headers)).status_code == 200
        with pytest.raises(InvalidSignatureError):
            parser.parse(body + " ", headers["x-line-signature"])
        assert (await post(source["hook_url"], body + " ", headers)).status_code == 401
        assert await kept_types(ingest) == ["follow.created"]


CALLS = ["profile.aliased", "profile.grouped", "profile.identified", "track.Tea Poured"]
CALLS += ["view.recorded"] * 3


def call_everything(client: Any) -> None:
    client.identify("u1", {"name": "林"})
    client.track("u1", "Video Played", {"content_asset_id": "v1"})
    client.track("u1", "Tea Poured")
    client.page("u1", "docs", "Home", {"path": "/"})
    client.screen("u1", "app", "Home")
    client.group("u1", "g1", {"name": "粉丝群"})
    client.alias("old", "u1")
    client.flush()
    client.join()


@pytest.mark.parametrize("gzip", [False, True])
@pytest.mark.parametrize("library", ["segment", "rudder"])
async def test_segment_and_rudder_are_done_after_one_answer(tmp_path, backend, library, gzip):
    async with serving(tmp_path, backend) as ingest:
        source = await ingest.add_source(adapter="segment-rudder")
        failures: list[Any] = []
        make = {"segment": SegmentClient, "rudder": RudderClient}[library]
        client = make(
            source["secrets"]["write_key"],
            host=source["hook_url"],
            gzip=gzip,
            upload_interval=0.1,
            on_error=lambda error, _items: failures.append(error),
        )
        await asyncio.to_thread(call_everything, client)
        assert failures == []
        # Each came once: a client that does not like an answer sends its batch again.
        assert await kept_types(ingest) == sorted(CALLS)
        headers = [pair for delivery in await ingest.logged() for pair in delivery.headers]
        assert source["secrets"]["write_key"].encode() not in b"".join(
            value for _, value in headers
        )


@pytest.mark.parametrize("library", ["segment", "rudder"])
async def test_a_wrong_write_key_is_told_once_and_dropped(tmp_path, backend, library):
    async with serving(tmp_path, backend) as ingest:
        source = await ingest.add_source(adapter="segment-rudder")
        failures: list[Any] = []
        make = {"segment": SegmentClient, "rudder": RudderClient}[library]
        client = make(
            "another",
            host=source["hook_url"],
            upload_interval=0.1,
            on_error=lambda error, _items: failures.append(error),
        )
        await asyncio.to_thread(call_everything, client)
        assert "401" in str(failures[0])
        assert await ingest.logged() == []


@pytest.mark.parametrize("method", ["post", "get"])
async def test_snowplow_tracks_by_post_and_by_get(tmp_path, backend, method):
    async with serving(tmp_path, backend) as ingest:
        source = await ingest.add_source(adapter="snowplow")
        outcomes: list[Any] = []

        def track() -> None:
            emitter = Emitter(
                source["hook_url"].removeprefix("http://"),
                protocol="http",
                method=method,
                batch_size=2,
                on_success=lambda sent: outcomes.append(len(sent)),
                on_failure=lambda _count, failed: outcomes.append(failed),
            )
            subject = Subject()
            subject.set_user_id("u1")
            tracker = Tracker("t", emitter, subject=subject, app_id="site")
            tracker.track(PageView(page_url="https://s.example/a?b=1", page_title="A"))
            tracker.track(StructuredEvent(category="media", action="play"))
            tracker.flush()

        await asyncio.to_thread(track)
        assert all(isinstance(one, int) for one in outcomes)
        assert sum(outcomes) == 2
        assert await kept_types(ingest) == ["track.media.play", "view.recorded"]
