"""Segment's tracking interface, which RudderStack's clients speak too.

Source: Segment's `http-api` and `spec` pages, RudderStack's `http-api`.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from mediaops_ingest.platforms.declaration import Declaration, Key, generate_token
from mediaops_ingest.platforms.fields import key_of
from mediaops_ingest.platforms.inflating import NotInflated, inflate
from mediaops_ingest.platforms.port import (
    Answer,
    Context,
    Draft,
    Ignored,
    Item,
    ItemFailed,
    Malformed,
    Refused,
    Request,
    SecretSet,
    Unreadable,
    Verdict,
    Verified,
)
from mediaops_ingest.platforms.proofs import same
from mediaops_ingest.platforms.pushes import json_request
from mediaops_ingest.platforms.segment_events import MEANINGS, drafts_of
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.times import parse_rfc3339
from mediaops_ingest.platforms.tracking import BadBody, json_object, listed
from mediaops_ingest.platforms.verifying import LiveVerifier, Proof, secret_text

__all__ = ["SegmentRudder"]

_KINDS = ("identify", "track", "page", "screen", "group", "alias")
_BATCH = "batch"
_MAX_EVENT = 32 << 10
_MAX_INFLATED = 10 << 20
_VOLATILE = ("sentAt", "receivedAt", "writeKey", "_metadata")

Body = dict[str, Any]


class SegmentRudderVerifier(LiveVerifier):
    accepted = Answer(200, b'{"success":true}', "application/json")
    """Exactly this status: a client that hears another 2xx sends everything again."""

    def proof_of(self, live: SecretSet) -> Proof | None:
        key = secret_text(live, "write_key")
        if key is None:
            return None

        def proof(request: Request) -> Refused | None:
            given = _write_key(request)
            if given is None:
                return Refused("header")
            return None if same(key, given) else Refused("auth")

        return proof

    def read(self, request: Request, verified: Verified) -> Verdict:
        try:
            events = _events(request)
        except BadBody as bad:
            return bad.verdict
        if any(len(canonical_json(event)) > _MAX_EVENT for event in events):
            return Malformed(400, "size")
        return verified if events else Ignored(self.accepted, "empty batch")


class SegmentRudder:
    declaration = Declaration(
        name="segment-rudder",
        title="Segment and RudderStack tracking clients",
        platform=None,
        keys=(
            Key(
                "write_key", "What the client is set up with as write key", generate=generate_token
            ),
        ),
        proofs=(frozenset({"write_key"}),),
        paths=frozenset({"", *(f"v1/{kind}" for kind in (*_KINDS, _BATCH))}),
        reads_gzip=True,
        hidden_headers=frozenset({b"authorization"}),
        proof="`Authorization: Basic` with the write key as user; nothing is signed",
        answer='200 `{"success":true}`, exactly; errors are JSON with `code` and `message`',
        known_by="`messageId`",
        volatile=_VOLATILE,
        max_body=4 << 20,
        deadline_seconds=10.0,
        retries="the client libraries', with other bytes: `sentAt` changes",
        comes_again=True,
        lateness=timedelta(hours=24),
        meanings=MEANINGS,
        cannot=(
            "A write key in a page or an app can be read by anybody. An event may have 32 KB, a "
            "request 4 MiB."
        ),
        notes=(
            "Give the client the hook URL as host (Segment) or dataPlaneUrl (RudderStack), and the "
            "`write_key`: it adds /v1/batch itself.",
        ),
    )

    def prepare(
        self, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> SegmentRudderVerifier:
        return SegmentRudderVerifier(secrets)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        try:
            events = _events(request)
        except BadBody as bad:
            raise Unreadable(bad.verdict.reason) from None
        return [_item(index, event) for index, event in enumerate(events)]

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        if not isinstance(item.content, dict):
            raise ItemFailed("", "is not an object")
        return [drafts_of(item, context)]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        basic = b64encode(str(secrets["write_key"]).encode() + b":")
        body = canonical_json({"type": "mediaops.test", "messageId": unique})
        return json_request(body, now, (b"authorization", b"Basic " + basic))


def _write_key(request: Request) -> bytes | None:
    """From the header; from the body, where newer clients put it and may send another header."""
    header = request.header(b"authorization") or b""
    if header[:6].lower() == b"basic ":
        try:
            return b64decode(header[6:].strip(), validate=True).partition(b":")[0]
        except (binascii.Error, ValueError):
            return None
    try:
        key = _body(request).get("writeKey")
    except BadBody:
        return None
    return key.encode() if isinstance(key, str) else None


def _body(request: Request) -> Body:
    """The body, whatever its content type says: one client labels gzip as a form."""
    body = request.body
    coding = request.header(b"content-encoding") or b""
    if coding.strip().lower() == b"gzip":
        try:
            body = inflate(body, _MAX_INFLATED)
        except NotInflated as error:
            raise BadBody(*((413, "size") if error.is_too_large else (400, "encoding"))) from None
    return json_object(body)


def _events(request: Request) -> list[Any]:
    """The events, each with the type that its path or itself says and the context of its batch.

    Raises `BadBody`.
    """
    body = _body(request)
    kind = request.path.removeprefix("v1/")
    if kind in _KINDS:
        return [{**body, "type": kind}]
    if kind != _BATCH and _BATCH not in body:
        return [body]
    events = listed(body.get(_BATCH))
    common = body.get("context")
    if not isinstance(common, dict):
        return events
    return [
        {**event, "context": {**common, **_object(event.get("context"))}}
        if isinstance(event, dict)
        else event
        for event in events
    ]


def _object(value: Any) -> Body:
    return value if isinstance(value, dict) else {}


def _item(index: int, event: Any) -> Item:
    members = _object(event)
    kept = {name: value for name, value in members.items() if name not in _VOLATILE}
    return Item(
        index=index,
        dedup_key=key_of(members.get("messageId")),
        canonical=canonical_json(kept if members else event),
        content=kept if members else event,
        time=parse_rfc3339(members.get("timestamp"))
        or parse_rfc3339(members.get("originalTimestamp")),
    )
