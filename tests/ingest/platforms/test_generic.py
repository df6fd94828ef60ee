"""Any partner: proofs put together from settings, and bodies of three kinds."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from mediaops_ingest.platforms.declaration import BadSetting
from mediaops_ingest.platforms.generic import Generic
from mediaops_ingest.platforms.port import Malformed, Refused, Request, Unreadable, Verified

from tests.ingest.platforms.international_signers import NOW

GENERIC = Generic()
BODY = b'{"event":"paid"}'
KEY = b"partner-secret"
TIME = str(int(NOW.timestamp()))


def a_request(
    body: bytes = BODY,
    *,
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
) -> Request:
    return Request(
        method="POST",
        query=urlencode(query or {}).encode(),
        headers=tuple((name.lower().encode(), v.encode()) for name, v in (headers or {}).items()),
        body=body,
        now=NOW,
    )


def verify(request: Request, config: dict[str, Any], **secrets: str) -> Any:
    settled = GENERIC.declaration.settle(secrets or {"secret": KEY.decode()}, config)
    return GENERIC.prepare([settled.secrets], settled.config).verify(request)


def mac(text: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.new(KEY, text, algorithm).digest()


Headers = dict[str, str]
CASES: dict[str, tuple[dict[str, Any], Callable[[bytes], tuple[Headers, dict[str, str]]]]] = {
    "default": ({}, lambda body: ({"X-Signature": mac(body).hex()}, {})),
    "sha1 with a prefix": (
        {"signature_header": "X-Hub", "algorithm": "hmac-sha1", "prefix": "sha1="},
        lambda body: ({"X-Hub": "sha1=" + mac(body, "sha1").hex()}, {}),
    ),
    "base64 over time and body": (
        {
            "algorithm": "hmac-sha512",
            "encoding": "base64",
            "signed": "{timestamp}.{body}",
            "timestamp_header": "X-Time",
        },
        lambda body: (
            {
                "X-Time": TIME,
                "X-Signature": base64.b64encode(mac(f"{TIME}.".encode() + body, "sha512")).decode(),
            },
            {},
        ),
    ),
    "bare digest in the query": (
        {"signature_query": "sign", "algorithm": "md5", "signed": "{body}{secret}"},
        lambda body: ({}, {"sign": hashlib.md5(body + KEY).hexdigest()}),
    ),
    "parts of one header, of several signatures": (
        {
            "signature_header": "X-Convoy-Signature",
            "signature_part": "v1",
            "timestamp_part": "t",
            "signed": "{timestamp},{body}",
        },
        lambda body: (
            {
                "X-Convoy-Signature": f"t={TIME}, v0=00,v1=00,"
                f"v1={mac(f'{TIME},'.encode() + body).hex()}"
            },
            {},
        ),
    ),
    "with an id and a time of the query": (
        {
            "signed": "{id}:{timestamp}:{body}",
            "id_header": "X-Id",
            "timestamp_query": "ts",
            "encoding": "base64url",
        },
        lambda body: (
            {
                "X-Id": "7",
                "X-Signature": base64.urlsafe_b64encode(mac(f"7:{TIME}:".encode() + body))
                .decode()
                .rstrip("="),
            },
            {"ts": TIME},
        ),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_proof_as_its_settings_say(name: str):
    config, sign = CASES[name]
    headers, query = sign(BODY)
    assert verify(a_request(headers=headers, query=query), config) == Verified()
    changed = a_request(BODY + b" ", headers=headers, query=query)
    assert verify(changed, config) == Refused("signature")
    for left_out in headers:
        rest = {key: value for key, value in headers.items() if key != left_out}
        assert verify(a_request(headers=rest, query=query), config) == Refused("header")
    for left_out in query:
        assert verify(a_request(headers=headers), config) == Refused("header"), left_out


@pytest.mark.parametrize("name", CASES)
def test_the_sample_is_proved_by_the_same_settings(name: str):
    config, _ = CASES[name]
    settled = GENERIC.declaration.settle({"secret": KEY.decode(), "bearer": "b"}, config)
    sample = GENERIC.sample(settled.secrets, settled.config, now=NOW, unique="u1")
    assert GENERIC.prepare([settled.secrets], settled.config).verify(sample) == Verified()


def test_a_signed_time_may_be_off_by_the_tolerance():
    config, sign = CASES["base64 over time and body"]
    headers, _ = sign(BODY)
    request = a_request(headers=headers)
    later = Request(
        method="POST",
        headers=request.headers,
        body=BODY,
        now=NOW.replace(minute=NOW.minute + 6),
    )
    assert verify(later, config) == Refused("timestamp")
    assert verify(later, {**config, "tolerance_seconds": 600}) == Verified()


def test_a_signed_time_may_be_in_milliseconds():
    config = {"signed": "{timestamp}.{body}", "timestamp_header": "X-Time"}
    for off, verdict in ((300_000, Verified()), (300_001, Refused("timestamp"))):
        time = str(int(NOW.timestamp()) * 1000 + off)
        signature = mac(f"{time}.".encode() + BODY).hex()
        headers = {"X-Time": time, "X-Signature": signature}
        assert verify(a_request(headers=headers), config) == verdict


@pytest.mark.parametrize(
    ("encoding", "signature"),
    [
        ("hex-upper", mac(BODY).hex().upper()),
        ("base64url-padded", base64.urlsafe_b64encode(mac(BODY)).decode()),
    ],
)
def test_a_signature_is_written_in_the_one_way_that_is_set(encoding: str, signature: str):
    request = a_request(headers={"X-Signature": signature})
    assert verify(request, {"encoding": encoding}) == Verified()
    assert verify(request, {"encoding": encoding.partition("-")[0]}) == Refused("signature")


def test_a_bearer_alone_and_beside_a_secret():
    bearer = {"Authorization": "Bearer b-1"}
    assert verify(a_request(headers=bearer), {}, bearer="b-1") == Verified()
    assert verify(a_request(), {}, bearer="b-1") == Refused("auth")
    both = {"bearer": "b-1", "secret": KEY.decode()}
    assert verify(a_request(headers=bearer), {}, **both) == Refused("header")
    signed = {**bearer, "X-Signature": mac(BODY).hex()}
    assert verify(a_request(headers=signed), {}, **both) == Verified()


def test_a_secret_may_be_written_in_hex_or_base64():
    headers = {"X-Signature": mac(BODY).hex()}
    for encoding, text in (("hex", KEY.hex()), ("base64", base64.b64encode(KEY).decode())):
        assert verify(a_request(headers=headers), {"secret_encoding": encoding}, secret=text) == (
            Verified()
        )
    with pytest.raises(BadSetting, match=r"secrets\.secret"):
        verify(a_request(), {"secret_encoding": "hex"}, secret="no hex")


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"signed": "{timestamp}.{body}"}, "config.signed"),
        ({"timestamp_header": "X-Time"}, "config.signed"),
        ({"signed": "{timestamp}", "timestamp_header": "X-Time"}, "config.signed"),
        ({"signed": "{body}{url}"}, "config.signed"),
        ({"signed": "{id}.{body}"}, "config.signed"),
        ({"algorithm": "md5"}, "config.signed"),
        ({"signed": "{body}{secret}"}, "config.signed"),
        ({"algorithm": "rot13"}, "config.algorithm"),
        ({"signature_header": "X Y"}, "config.signature_header"),
        ({"signature_header": "X", "signature_query": "y"}, "config.signature_query"),
        ({"tolerance_seconds": "5"}, "config.tolerance_seconds"),
        ({"tolerance_seconds": -1}, "config.tolerance_seconds"),
        ({"signature_part": "v 1"}, "config.signature_part"),
        ({"timestamp_part": "t"}, "config.signed"),
        ({"items": "body["}, "config.items"),
        ({"dedup_key": "no_such_function(item)"}, "config.dedup_key"),
        ({"other": "x"}, "config.other"),
    ],
)
def test_settings_that_cannot_be_are_named(config: dict[str, Any], field: str):
    with pytest.raises(BadSetting) as caught:
        verify(a_request(), config)
    assert caught.value.field == field


def content_of(raw: bytes, content_type: str = "", **config: Any) -> Any:
    request = a_request(raw, headers={"Content-Type": content_type} if content_type else {})
    return [item.content for item in GENERIC.split(request, [], config)]


def test_three_kinds_of_bodies_become_plain_values():
    assert content_of(b' {"a":[1]}') == [{"a": [1]}]
    order = b'<o no="1"><a x="y">t</a><b>1</b><b>2</b><c/></o>'
    wanted = {"@no": "1", "a": {"@x": "y", "#text": "t"}, "b": ["1", "2"], "c": ""}
    assert content_of(order) == content_of(order, "text/xml; charset=utf-8") == [wanted]
    form = "application/x-www-form-urlencoded"
    assert content_of(b"a=1&b=%E5%B0%8F&a=2", form) == [{"a": ["1", "2"], "b": "小"}]
    assert content_of(b"a=1", body="form") == [{"a": "1"}]


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"{", "application/json", "json"),
        (b"", "", "json"),
        (b"<a>", "", "xml"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "", "xml"),
        (b"<a>" * 2000, "application/xml", "xml"),
        (b"a=%00", "application/x-www-form-urlencoded", "encoding"),
        (b"a=%ff", "application/x-www-form-urlencoded", "encoding"),
        (b"&".join([b"a=1"] * 1001), "application/x-www-form-urlencoded", "encoding"),
    ],
)
def test_a_body_that_cannot_be_read_is_malformed(body: bytes, content_type: str, reason: str):
    headers = {"X-Signature": mac(body).hex(), "Content-Type": content_type}
    assert verify(a_request(body, headers=headers), {}) == Malformed(400, reason)


def test_a_body_with_several_events_is_split_and_each_is_known_by_its_key():
    body = json.dumps({"events": [{"id": 1}, {"id": "2"}, {}]}).encode()
    config = {"items": "body.events", "dedup_key": "item.id"}
    found = GENERIC.split(a_request(body), [], config)
    assert [item.dedup_key for item in found] == ["1", "2", None]
    named = GENERIC.split(a_request(headers={"X-Id": "d"}), [], {"id_header": "X-Id"})
    assert named[0].dedup_key == "d"


def test_a_single_event_in_xml_is_a_list_of_one():
    body = b"<orders><order><no>1</no></order></orders>"
    assert content_of(body, items="body.order") == [{"no": "1"}]


@pytest.mark.parametrize(
    "config",
    [
        {"items": "body.event"},
        {"items": "body.many"},
        {"items": "map(&sort_by(body.wide, &@), body.wide)"},
    ],
)
def test_items_that_are_none_or_too_many_or_too_dear_fail_the_delivery(config: dict[str, Any]):
    wide = [str(number) for number in range(900)]
    body = json.dumps({"event": "x", "many": [1] * 1001, "wide": wide}).encode()
    with pytest.raises(Unreadable):
        GENERIC.split(a_request(body), [], config)
