"""Requests of Chinese platforms, signed by the documented rule with hashlib and hmac."""

import hashlib
import hmac
import json
from typing import Any

from mediaops_ingest.platforms.port import Request

from tests.ingest.platforms.signers import NOW

JSON = (b"content-type", b"application/json")
KUAISHOU = {"app_secret": "ks-secret-of-a-test"}
LEADS = {"token": "leads-token-of-a-test"}


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def a_post(body: bytes, *headers: tuple[bytes, bytes], query: bytes = b"") -> Request:
    return Request(method="POST", query=query, headers=(JSON, *headers), body=body, now=NOW)


def a_kuaishou_push(event: str, data: Any, **outside: Any) -> Request:
    known = {"app_id": "KS1", "event": event, "timestamp": 1795338000000, "message_id": "m-1"}
    body = as_json({**known, "data": data, **outside})
    signature = hashlib.md5(body + KUAISHOU["app_secret"].encode()).hexdigest().encode()
    return a_post(body, (b"kwaisign", signature))


def a_lead(**changes: Any) -> Request:
    known = {
        "leads_id": "lead-1",
        "submitted_time": "2026-11-22 16:30:00",
        "campaign_name": "秋季拉新",
        "data": [{"label": "姓名", "value": "林"}, {"label": "电话", "value": "13800000000"}],
    }
    return a_leads_push({"data": {**known, **changes}, "timestamp": 1795338000000})


def a_leads_push(push: Any) -> Request:
    body = as_json(push)
    digest = hmac.new(LEADS["token"].encode(), body, hashlib.sha1).hexdigest().encode()
    return a_post(body, (b"x-red-signature", b"sha1=" + digest))


CHINESE = [
    (
        "kuaishou",
        "own",
        KUAISHOU,
        a_kuaishou_push("AUTHORIZE", {"open_id": "o-1", "scope": ["user_info"]}),
    ),
    ("xiaohongshu-leads", "own", LEADS, a_lead()),
]
"""One accepted request of each at least: scheme, name, secrets, request."""
