"""The other international platforms and trackers, as the normaliser meets them."""

import hashlib
import json
from typing import Any
from urllib.parse import urlencode

from mediaops_ingest.platforms.port import Request

from mediaops_bench.senders.sender import Sender, Telling, as_json, request
from mediaops_bench.senders.signed import KEY, STANDARD
from mediaops_bench.wire import single_body

__all__ = ["INTERNATIONAL"]

TEXT = "Exactly what we had been looking for"
TOPIC = "https://www.youtube.com/feeds/videos.xml?channel_id=UC1"
FEED = """<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:yt="http://www.youtube.com/xml/schemas/2015" xmlns="http://www.w3.org/2005/Atom">
<link rel="hub" href="https://pubsubhubbub.appspot.com"/><title>YouTube video feed</title>
<link rel="self" href="https://www.youtube.com/xml/feeds/videos.xml?channel_id=UC1"/>
<entry><id>yt:video:{id}</id><yt:videoId>{id}</yt:videoId><yt:channelId>UC1</yt:channelId>
<title>Autumn</title><link rel="alternate" href="https://www.youtube.com/watch?v={id}"/>
<author><name>Bench</name><uri>https://www.youtube.com/channel/UC1</uri></author>
<published>{time}</published><updated>{time}</updated></entry></feed>"""


def _pushed(telling: Telling, told: Any, *headers: tuple[bytes, bytes], path: str = "") -> Request:
    return request(telling, as_json(told), *headers, path=path)


def cloudevents(telling: Telling) -> Request:
    data = {key: one for key, one in telling.act.items() if key != "type"}
    told = {
        "specversion": "1.0",
        "id": telling.id,
        "source": "/partners/bench",
        "type": f"com.mediaops.{telling.act['type']}",
        "time": telling.time,
        "data": data,
    }
    return request(telling, as_json(told), media=b"application/cloudevents+json")


def discord(telling: Telling) -> Request:
    told = {
        "application_id": "1",
        "id": telling.id,
        "token": "t",
        "type": 2,
        "data": {"name": "report"},
        "member": {"user": {"id": telling.person, "username": "wang"}},
    }
    return _pushed(telling, told)


def github(telling: Telling) -> Request:
    told = {
        "action": "created",
        "starred_at": telling.time,
        "repository": {"id": 1, "full_name": "bench/bench"},
        "sender": {"id": telling.person, "login": "wang"},
    }
    headers = ((b"x-github-event", b"star"), (b"x-github-delivery", telling.id.encode()))
    return _pushed(telling, told, *headers)


def line(telling: Telling) -> Request:
    event = {
        "type": "message",
        "timestamp": telling.seconds * 1000,
        "source": {"type": "user", "userId": telling.person},
        "webhookEventId": telling.id,
        "deliveryContext": {"isRedelivery": False},
        "mode": "active",
        "replyToken": telling.id,
        "message": {"id": telling.id, "type": "text", "text": TEXT},
    }
    return _pushed(telling, {"destination": "U0", "events": [event]})


def matomo(telling: Telling) -> Request:
    action = {
        "idsite": "1",
        "rec": "1",
        "url": f"https://shop.example/{telling.content}?from=bench",
        "action_name": "Autumn",
        "uid": telling.person,
        "rand": telling.id,
    }
    return _pushed(telling, {"requests": [f"?{urlencode(action)}"]}, path="matomo.php")


def meta(telling: Telling) -> Request:
    comment = {
        "item": "comment",
        "verb": "add",
        "comment_id": telling.id,
        "post_id": telling.content,
        "from": {"id": telling.person, "name": "Wang"},
        "message": TEXT,
        "created_time": telling.seconds,
    }
    changes = [{"field": "feed", "value": comment}]
    entry = [{"id": "p1", "time": telling.seconds, "changes": changes}]
    return _pushed(telling, {"object": "page", "entry": entry})


def shopify(telling: Telling) -> Request:
    told = {
        "id": telling.seconds,
        "order_number": 1001,
        "total_price": "19.90",
        "currency": "CNY",
        "processed_at": telling.time,
        "customer": {"id": telling.person},
    }
    headers = ((b"x-shopify-topic", b"orders/paid"), (b"x-shopify-event-id", telling.id.encode()))
    return _pushed(telling, told, *headers)


def snowplow(telling: Telling) -> Request:
    event = {
        "e": "pv",
        "eid": telling.id,
        "url": f"https://shop.example/{telling.content}?from=bench",
        "page": "Autumn",
        "uid": telling.person,
        "dtm": str(telling.seconds * 1000),
        "aid": "bench",
        "p": "web",
        "tv": "js-4.0.0",
    }
    schema = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"
    path = "com.snowplowanalytics.snowplow/tp2"
    return _pushed(telling, {"schema": schema, "data": [event]}, path=path)


def stripe(telling: Telling) -> Request:
    session = {
        "id": telling.id,
        "amount_total": 1990,
        "currency": "cny",
        "customer": telling.person,
    }
    told = {
        "id": telling.id,
        "object": "event",
        "type": "checkout.session.completed",
        "created": telling.seconds,
        "data": {"object": session},
    }
    return _pushed(telling, told)


def svix(telling: Telling) -> Request:
    headers = (
        (b"svix-id", telling.id.encode()),
        (b"svix-timestamp", str(telling.seconds).encode()),
    )
    return request(telling, single_body(telling.act, size=0), *headers)


def telegram(telling: Telling) -> Request:
    person = {"id": telling.person, "is_bot": False, "first_name": "Wang"}
    message = {
        "message_id": 1,
        "date": telling.seconds,
        "chat": {"id": telling.person, "type": "private"},
        "from": person,
        "text": TEXT,
    }
    number = int.from_bytes(hashlib.blake2b(telling.id.encode(), digest_size=6).digest(), "big")
    return _pushed(telling, {"update_id": number, "message": message})


def tiktok(telling: Telling) -> Request:
    content = {"message_id": telling.id, "from": telling.person, "text": {"body": TEXT}}
    told = {
        "client_key": "bench",
        "event": "im_receive_msg",
        "create_time": telling.seconds,
        "user_openid": "business",
        "content": json.dumps(content),
    }
    return _pushed(telling, told)


def x(telling: Telling) -> Request:
    event = {
        "event_uuid": telling.id,
        "event_type": "follow.follow",
        "filter": {"user_id": "1"},
        "payload": {
            "source": {"id": f"{telling.person}-{telling.id}", "username": "wang"},
            "target": {"id": "1", "username": "bench"},
        },
    }
    return _pushed(telling, {"data": event})


def youtube(telling: Telling) -> Request:
    body = FEED.format(id=telling.id, time=telling.moment.isoformat()).encode()
    return request(telling, body, media=b"application/atom+xml")


INTERNATIONAL = {
    sender.adapter: sender
    for sender in (
        Sender("cloudevents", cloudevents),
        Sender("discord", discord, {"public_key_hex": "d" * 64}),
        Sender("github", github, {"secret": KEY}),
        Sender("line", line, {"channel_secret": KEY}),
        Sender("matomo", matomo),
        Sender("meta-graph", meta, {"app_secret": KEY, "verify_token": KEY}),
        Sender("shopify", shopify, {"client_secret": KEY}),
        Sender("snowplow", snowplow),
        Sender("stripe-style", stripe, {"secret": KEY}),
        Sender("svix", svix, {"secret": STANDARD}),
        Sender("telegram", telegram, {"secret_token": KEY}),
        Sender("tiktok", tiktok, {"client_secret": KEY}),
        Sender("x-activity", x, {"consumer_secret": KEY}),
        Sender("youtube-websub", youtube, {"hub_secret": KEY}, {"expected_topics": [TOPIC]}),
    )
}
