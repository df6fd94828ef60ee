"""Requests that nobody honest sends, each with the statuses that are right for it."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

NOW = datetime.now(UTC).isoformat().replace("+00:00", "Z")
SQL = "'; DROP TABLE channel; --"
HTML = "<script>alert(1)</script>"


@dataclass
class Attack:
    name: str
    method: str
    path: str
    statuses: tuple[int, ...]
    content: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    signs_in: bool = True
    params: dict[str, str] = field(default_factory=dict)


def of_json(name: str, path: str, body: Any, *statuses: int, method: str = "POST") -> Attack:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Attack(name, method, path, statuses, content, {"content-type": "application/json"})


def bodies(path: str, valid: dict[str, Any], text_field: str) -> Iterator[Attack]:
    """The same malformed bodies against any route that takes JSON."""

    def raw(name: str, content: bytes, *statuses: int) -> Attack:
        return of_json(f"{path} {name}", path, content, *statuses)

    def with_value(value: bytes) -> bytes:
        return json.dumps({**valid, text_field: "@@"}).encode().replace(b'"@@"', value)

    yield raw("empty", b"", 400, 422)
    yield raw("not json", b"{", 400, 422)
    yield raw("not utf-8", b'{"a": "\xff\xfe"}', 400, 422)
    yield raw("utf-16", '{"a": 1}'.encode("utf-16"), 400, 422)
    yield raw("a number", b"1", 422, 400)
    yield raw("null", b"null", 422, 400)
    yield raw("nested deep", b"[" * 100_000 + b"]" * 100_000, 400, 422)
    yield raw("nan", with_value(b"NaN"), 400, 422)
    yield raw("infinity", with_value(b"1e999"), 400, 422)
    yield raw("huge integer", with_value(b"9" * 5_000), 400, 422)
    yield raw("lone surrogate", with_value(b'"\\ud800"'), 400, 422)
    yield raw("nul", with_value(b'"a\\u0000b"'), 400, 422)
    yield raw("doubled key", b'{"a": 1, "a": 2}', 400, 422)
    yield raw("unknown field", json.dumps({**valid, "admin": True}).encode(), 422)
    yield raw(
        "another's workspace", json.dumps({**valid, "workspace_id": str(uuid4())}).encode(), 422
    )
    yield raw("oversized", json.dumps({**valid, text_field: "x" * 6_000_000}).encode(), 413)
    yield Attack(
        f"{path} form",
        "POST",
        path,
        (415, 422),
        b"a=b",
        {"content-type": "application/x-www-form-urlencoded"},
    )


def queries() -> Iterator[Attack]:
    """Hostile values in every parameter that reads."""
    hostile = ["NaN", "1e999", "9" * 400, SQL, HTML, "\x01", "-1", "2026-13-45", "null"]
    routes = {
        "/crm/v1/stickiness": ("from", "to", "channel_id"),
        "/crm/v1/stickiness/histogram": ("day", "window"),
        "/crm/v1/retention": ("kind", "days"),
        "/crm/v1/growth": ("period",),
        "/insights/v1/metrics/query": ("metric", "group_by", "granularity", "compare"),
        "/ingest/v1/deliveries": ("status", "after", "source_id", "limit"),
        "/ingest/v1/events": ("channel_id", "after"),
        "/ingest/v1/quality": ("from",),
        "/content/v1/contents": ("after", "limit"),
    }
    for route, names in routes.items():
        for number, name in enumerate(names):
            value = hostile[number % len(hostile)]
            yield Attack(
                f"{route} {name}={value[:9]!r}", "GET", route, (422,), params={name: value}
            )


def tokens(valid: str) -> Iterator[Attack]:
    """Tokens that prove nothing."""
    header, payload, signature = valid.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    stranger = Ed25519PrivateKey.generate()
    none_header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    forged = {
        "none": "",
        "empty": "Bearer",
        "basic": "Basic dXNlcjpwYXNz",
        "garbage": "Bearer abc.def.ghi",
        "alg none": f"Bearer {none_header}.{payload}.",
        "alg none with signature": f"Bearer {none_header}.{payload}.{signature}",
        "cut": f"Bearer {header}.{payload}.{signature[:-8]}",
        "another key": f"Bearer {jwt.encode(claims, stranger, algorithm='EdDSA')}",
        "symmetric": f"Bearer {jwt.encode(claims, 'x' * 32, algorithm='HS256')}",
        "long": "Bearer " + "a" * 7_000,
        "with quotes": 'Bearer "' + valid + '"',
    }
    for name, value in forged.items():
        headers = {"Authorization": value} if value else {}
        yield Attack(
            f"token {name}", "GET", "/crm/v1/stickiness", (401,), headers=headers, signs_in=False
        )
    changed = dict(claims, workspace="other")
    body = base64.urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b"=").decode()
    yield Attack(
        "token other claims",
        "GET",
        "/ingest/v1/channels",
        (401,),
        headers={"Authorization": f"Bearer {header}.{body}.{signature}"},
        signs_in=False,
    )


def signed_but_wrong(valid: str, key: Ed25519PrivateKey) -> Iterator[Attack]:
    """Tokens that our own key signed, and that still say what no service may believe."""
    claims = jwt.decode(valid, options={"verify_signature": False})
    now = int(claims["iat"])
    changes: dict[str, dict[str, Any]] = {
        "expired": {"iat": now - 9_000, "exp": now - 8_000},
        "not yet": {"iat": now + 9_000, "exp": now + 99_000},
        "not before": {"nbf": now + 9_000},
        "expiry as text": {"exp": str(claims["exp"])},
        "expiry with a fraction": {"exp": claims["exp"] + 0.5},
        "expiry beyond numbers": {"exp": 1e300},
        "another issuer": {"iss": "somebody"},
        "another audience": {"aud": "somewhere"},
        "no such workspace": {"workspace": "nowhere"},
        "workspace of no slug": {"workspace": SQL},
        "all workspaces": {"workspace": "*"},
        "unknown role": {"role": "root"},
        "role list": {"role": ["owner"]},
        "partner of everything": {"role": "partner"},
        "sources of an owner": {"sources": [str(uuid4())]},
        "sources that are no ids": {"role": "partner", "sources": ["x"]},
        "empty subject": {"sub": ""},
        "subject with a line": {"sub": "a\nb"},
        "id as number": {"jti": 7},
        "id of a book's length": {"jti": "j" * 3_000},
        **{f"no {name}": {name: None} for name in ("iss", "aud", "sub", "workspace", "role")},
        **{f"without {name}": {name: None} for name in ("jti", "iat", "exp")},
    }
    for name, change in changes.items():
        told = {k: v for k, v in {**claims, **change}.items() if v is not None}
        token = jwt.encode(told, key, algorithm="EdDSA")
        yield Attack(
            f"signed token {name}",
            "GET",
            "/ingest/v1/channels",
            (401,),
            headers={"Authorization": f"Bearer {token}"},
            signs_in=False,
        )


def cursors() -> Iterator[Attack]:
    """Places that no page gave."""
    parts: list[list[Any]] = [[], [None], [1.5], ["x"], [2**70], [{}], ["a", "b"], [None] * 3]
    forged = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().strip("=") for p in parts]
    for route in (
        "/ingest/v1/channels",
        "/ingest/v1/sources",
        "/ingest/v1/deliveries",
        "/ingest/v1/events",
        "/ingest/v1/admin/parked",
        "/content/v1/contents",
        "/content/v1/publications",
        "/crm/v1/profiles",
        "/crm/v1/admin/parked",
        "/crm/v1/admin/trail",
        "/insights/v1/contents/performance",
    ):
        for number, after in enumerate([*forged, "!", "é", "e30"]):
            yield Attack(
                f"{route} forged place {number}", "GET", route, (422,), params={"after": after}
            )


def changes(channel: str) -> Iterator[Attack]:
    """Changes by who has not read what is there, and keys that are none."""
    path = f"/ingest/v1/channels/{channel}"
    for name, tags, status in (
        ("nothing", {}, 428),
        ("an old version", {"if-match": '"0"'}, 412),
        ("a weak tag", {"if-match": 'W/"1"'}, 412),
        ("no tag", {"if-match": "1"}, 412),
    ):
        attack = of_json(f"changed after reading {name}", path, {"name": "n"}, status)
        yield replace(attack, method="PATCH", headers={**attack.headers, **tags})
    for name, key in (("empty", ""), ("long", "k" * 300), ("of control characters", "a\tb")):
        attack = of_json(f"idempotency key {name}", "/content/v1/contents", {"title": "t"}, 422)
        yield replace(attack, headers={**attack.headers, "idempotency-key": key})


def strangers() -> Iterator[Attack]:
    """Ids of nobody, in path, query and body."""
    nobody = str(uuid4())
    for path in (
        f"/ingest/v1/channels/{nobody}",
        f"/ingest/v1/sources/{nobody}",
        f"/ingest/v1/deliveries/{nobody}",
        f"/ingest/v1/deliveries/{nobody}/raw",
        f"/content/v1/contents/{nobody}",
        f"/content/v1/publications/{nobody}",
        f"/crm/v1/profiles/{nobody}",
    ):
        yield Attack(f"foreign {path.rsplit('/', 1)[0]}", "GET", path, (404,))
    yield of_json(
        "foreign channel in a source",
        "/ingest/v1/sources",
        {"channel_id": nobody, "adapter": "standard-webhooks"},
        404,
    )
    yield Attack(
        "foreign channel in a query",
        "GET",
        "/crm/v1/stickiness",
        (404,),
        params={"channel_id": nobody},
    )
    yield Attack("not an id", "GET", "/ingest/v1/channels/1%27%20OR%201=1", (404, 422))
    yield Attack("no such route", "GET", "/crm/v1/../../etc/passwd", (404,))
    yield Attack("wrong method", "DELETE", "/ingest/v1/channels", (405,))
    yield of_json(
        "an owner makes a workspace",
        "/ingest/v1/workspaces",
        {"slug": "mine", "name": "Mine", "timezone": "UTC"},
        403,
    )


def hooks(hook: str) -> Iterator[Attack]:
    """Knocking without a proof."""
    signed = {"webhook-id": "m", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}
    cases: dict[str, tuple[str, dict[str, str], bytes, tuple[int, ...]]] = {
        "no proof": (hook, {}, b"{}", (401,)),
        "stale proof": (hook, signed, b"{}", (401,)),
        "timestamp overflow": (hook, {**signed, "webhook-timestamp": "9" * 40}, b"{}", (401,)),
        "timestamp nan": (hook, {**signed, "webhook-timestamp": "NaN"}, b"{}", (401,)),
        "bad base64": (hook, {**signed, "webhook-signature": "v1,***"}, b"{}", (401,)),
        "no version": (hook, {**signed, "webhook-signature": "AAAA"}, b"{}", (401,)),
        "unknown key": (hook[:-4] + "aaaa", signed, b"{}", (404,)),
        "short key": (hook[:-10], signed, b"{}", (404,)),
        "path below": (hook + "/admin", signed, b"{}", (404,)),
        "traversal": (hook + "/../../v1/channels", signed, b"{}", (401, 404)),
        "huge": (hook, signed, b"x" * 6_000_000, (413, 401)),
    }
    for name, (path, headers, content, statuses) in cases.items():
        yield Attack(f"hook {name}", "POST", path, statuses, content, headers, signs_in=False)
    yield Attack("hook delete", "DELETE", hook, (405,), signs_in=False)


def activities(channel: str) -> Iterator[Attack]:
    """Items that are refused one by one inside an accepted request; bodies that are no arrays."""
    path = "/ingest/v1/activities"
    good = {"channel_id": channel, "type": "like.created", "occurred_at": NOW}
    yield of_json("activities object", path, good, 422)
    yield of_json("activities too many", path, [good] * 1_001, 413, 422)
    wrong: dict[str, Any] = {
        "count float": {"count": 1.5},
        "count zero": {"count": 0},
        "count text": {"count": "1"},
        "count huge": {"count": 2**70},
        "amount float": {"value": {"amount_minor": 1.5, "currency": "CNY"}},
        "currency long": {"value": {"amount_minor": 1, "currency": "x" * 50}},
        "time naive": {"occurred_at": "2026-11-22T08:00:00"},
        "time far": {"occurred_at": "2999-01-01T00:00:00Z"},
        "time old": {"occurred_at": "1999-12-31T00:00:00Z"},
        "type unknown": {"type": "x" * 300},
        "actor text": {"actor": "u1"},
        "actor id nul": {"actor": {"external_id": "a\x00b"}},
        "actor id long": {"actor": {"external_id": "x" * 5_000}},
        "dedup long": {"dedup_key": "x" * 300},
        "foreign channel": {"channel_id": str(uuid4())},
    }
    for name, change in wrong.items():
        yield of_json(f"activity {name}", path, [{**good, **change}], 202, 422, 400)
