"""Standard Webhooks 1.0.0: partner systems, and our own way out.

Source: github.com/standard-webhooks/standard-webhooks, `spec/standard-webhooks.md`.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from mediaops_ingest.platforms import strict_json
from mediaops_ingest.platforms.batches import MAX_ITEMS
from mediaops_ingest.platforms.canonical import plain_type
from mediaops_ingest.platforms.declaration import BadSetting, Declaration, Key, generate_secret
from mediaops_ingest.platforms.envelope import (
    SNAPSHOT_TYPE,
    drafts_of,
    is_canonical_type,
    own_key,
    timeless,
)
from mediaops_ingest.platforms.port import (
    Answer,
    Context,
    Draft,
    Item,
    Malformed,
    Refused,
    Request,
    SecretSet,
    Unreadable,
    Verdict,
    Verified,
)
from mediaops_ingest.platforms.proofs import StoredHmac, same
from mediaops_ingest.platforms.pushes import json_request, stored_json
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.times import parse_rfc3339, seconds_or_milliseconds
from mediaops_ingest.platforms.verifying import OneAnswer

__all__ = ["StandardWebhooks", "headers_named"]

TOLERANCE_SECONDS = 300
"""Both ways, as in the reference libraries; the specification leaves the width open."""

_MAX_SIGNATURES = 20
_HEADER = Refused("header")
_TIMESTAMP = Refused("timestamp")
_SIGNATURE = Refused("signature")
_NOT_JSON = Malformed(400, "json")

_MEMBERS = frozenset({"type", "timestamp", "data"})

Headers = tuple[bytes, bytes, bytes]
"""The names of id, timestamp and signature."""

Check = Callable[[bytes, bytes], bool]
"""(signed text, signature as in the header) → whether it is right."""


def headers_named(name: bytes) -> Headers:
    """They begin with that name."""
    return name + b"-id", name + b"-timestamp", name + b"-signature"


class StandardWebhooksVerifier(OneAnswer):
    accepted = Answer(202)
    """Stored, not yet processed. The specification asks for any 2xx."""

    def __init__(
        self, checks: Sequence[tuple[bytes, Check, Verified]], headers: Sequence[Headers]
    ) -> None:
        self._checks, self._headers = checks, headers

    def verify(self, request: Request) -> Verdict:
        of_id, of_timestamp, of_signature = _headers_of(request, self._headers)
        id_, timestamp = request.header(of_id), request.header(of_timestamp)
        signatures = request.header(of_signature)
        if not id_ or not timestamp or not signatures:
            return _HEADER
        if len(id_) > 255 or not id_.isascii():
            return _HEADER
        # isdigit() on bytes knows only the ten of ASCII, so int() cannot fail.
        if len(timestamp) > 20 or not timestamp.isdigit():
            return _TIMESTAMP
        if abs(request.now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
            return _TIMESTAMP
        signed = b"%b.%b.%b" % (id_, timestamp, request.body)
        matched = self._match(signed, signatures)
        if matched is None:
            return _SIGNATURE
        try:
            strict_json.decode(request.body)
        except strict_json.NotStrict:
            return _NOT_JSON
        return matched

    def _match(self, signed: bytes, signatures: bytes) -> Verified | None:
        listed = signatures.split(b" ", _MAX_SIGNATURES)[:_MAX_SIGNATURES]
        for version, check, verified in self._checks:
            for one in listed:
                if one.startswith(version) and check(signed, one[len(version) :]):
                    return verified
        return None


class StandardWebhooks:
    headers: tuple[Headers, ...] = (headers_named(b"webhook"),)
    """As a request may name them."""

    declaration = Declaration(
        name="standard-webhooks",
        title="Standard Webhooks (partner systems)",
        platform=None,
        keys=(
            Key(
                "secret",
                "The symmetric secret that both sides know, whsec_ and base64",
                generate=generate_secret,
            ),
            Key(
                "secrets",
                "Several live secrets, while they are being changed",
                form="list",
                is_ours=True,
            ),
            Key("public_key", "The sender's ed25519 key, whpk_ and base64, for v1a signatures"),
        ),
        proofs=(frozenset({"secret"}), frozenset({"secrets"}), frozenset({"public_key"})),
        proof=(
            "`webhook-signature`: one of its items is `v1,` and the base64 HMAC-SHA256, or `v1a,` "
            "and the ed25519 signature, of `{webhook-id}.{webhook-timestamp}.{body}`"
        ),
        tolerance=timedelta(seconds=TOLERANCE_SECONDS),
        answer="202",
        known_by="`dedup_key` in the data, else `webhook-id` (and the place in a batch)",
        deadline_seconds=15.0,
        retries="the sender's choice; the specification's example: 9 times within 75 h 35 min",
        comes_again=True,
        lateness=timedelta(hours=75, minutes=35),
        meanings={"a `type` of ours": ("every type of activity", SNAPSHOT_TYPE)},
        cannot="Types that are not ours need a mapping.",
        notes=("Give the sender the hook URL and the secret; nothing else is needed.",),
    )

    def prepare(
        self, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> StandardWebhooksVerifier:
        checks: list[tuple[bytes, Check, Verified]] = []
        for place, live in enumerate(secrets):
            verified = Verified(place)
            for field, secret in _symmetric(live):
                checks.append((b"v1,", _hmac_check(_decoded(field, secret, "whsec_")), verified))
            public = live.get("public_key")
            if isinstance(public, str):
                check = _ed25519_check(_decoded("secrets.public_key", public, "whpk_"))
                checks.append((b"v1a,", check, verified))
        return StandardWebhooksVerifier(checks, self.headers)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        body = stored_json(request, object)
        of_id, of_timestamp, _ = _headers_of(request, self.headers)
        id_ = (request.header(of_id) or b"").decode("ascii", "replace") or None
        sent = (request.header(of_timestamp) or b"").decode("ascii", "replace")
        events = _events(body)
        if len(events) > MAX_ITEMS:
            raise Unreadable(f"{len(events)} items, at most {MAX_ITEMS}")
        if len(events) == 1:
            return [_item(0, events[0], id_, sent)]
        return [_item(index, event, f"{id_}#{index}", sent) for index, event in enumerate(events)]

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        event = item.content if isinstance(item.content, dict) else {}
        extra = {}
        if not event.keys() <= _MEMBERS:
            extra = {key: value for key, value in event.items() if key not in _MEMBERS}
        data = event.get("data", extra)
        return drafts_of(
            event.get("type"),
            data,
            time=item.time or context.received_at,
            extra={} if data is extra else extra,
            context=context,
            most=len(item.canonical),
        )

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request | None:
        signing = _symmetric(secrets)
        if not signing:
            return None
        field, secret = signing[0]
        id_, timestamp = f"msg_{unique}".encode(), str(int(now.timestamp())).encode()
        body = canonical_json({"data": {}, "timestamp": now.isoformat(), "type": "mediaops.test"})
        hmac = StoredHmac(_decoded(field, secret, "whsec_"))
        signature = b"v1," + hmac.base64(id_, b".", timestamp, b".", body)
        values = (id_, timestamp, signature)
        return json_request(body, now, *zip(self.headers[0], values, strict=True))


def _headers_of(request: Request, listed: Sequence[Headers]) -> Headers:
    """What this request names them."""
    if len(listed) == 1:
        return listed[0]
    return next((names for names in listed if request.header(names[0])), listed[0])


def _symmetric(secrets: SecretSet) -> list[tuple[str, str]]:
    """The HMAC secrets of a set, each with the key that names it."""
    found = []
    single, several = secrets.get("secret"), secrets.get("secrets")
    if isinstance(single, str):
        found.append(("secrets.secret", single))
    if isinstance(several, list):
        found += [(f"secrets.secrets[{place}]", one) for place, one in enumerate(several)]
    return found


def _decoded(field: str, text: str, prefix: str) -> bytes:
    """The bytes of a key. Secrets are often pasted without their padding."""
    encoded = text.strip().removeprefix(prefix).rstrip("=")
    try:
        key = b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise BadSetting(field, f"must be {prefix} and base64") from None
    if not key:
        raise BadSetting(field, "is empty")
    return key


def _hmac_check(key: bytes) -> Check:
    expected = StoredHmac(key).base64
    return lambda signed, given: same(expected(signed), given)


def _ed25519_check(key: bytes) -> Check:
    # Imported here because few sources use v1a.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if len(key) != 32:
        raise BadSetting("secrets.public_key", "must be an ed25519 key of 32 bytes")
    public = Ed25519PublicKey.from_public_bytes(key)

    def check(signed: bytes, given: bytes) -> bool:
        try:
            signature = b64decode(given, validate=True)
            public.verify(signature, signed)
        except (InvalidSignature, ValueError):
            return False
        # The other spellings of its last letters are none that a sender writes.
        return b64encode(signature) == given

    return check


def _events(body: Any) -> list[Any]:
    """The events of a body: one, or several where `data` or the body is a list of ours.

    A list of anything else stays one item, because only its mapping knows what it means.
    """
    if isinstance(body, list):
        return body if body and all(_is_ours(event) for event in body) else [body]
    if not isinstance(body, dict) or not isinstance(body.get("data"), list) or not body["data"]:
        return [body]
    outer, listed = body.get("type"), body["data"]
    if not all(
        _is_ours(one) or (isinstance(one, dict) and is_canonical_type(outer)) for one in listed
    ):
        return [body]
    return [
        {"type": one.get("type", outer), "timestamp": body.get("timestamp"), "data": one}
        for one in listed
    ]


def _is_ours(event: Any) -> bool:
    return isinstance(event, dict) and is_canonical_type(event.get("type"))


def _item(index: int, event: Any, id_: str | None, sent: str) -> Item:
    members = event if isinstance(event, dict) else {}
    type_ = members.get("type")
    return Item(
        index=index,
        dedup_key=own_key(members.get("data", members)) or id_,
        canonical=canonical_json(timeless(event, "timestamp") if members else event),
        content=event,
        # The attempt's time is a last resort: it is signed, and close where nothing was retried.
        time=parse_rfc3339(members.get("timestamp")) or seconds_or_milliseconds(sent),
        is_snapshot=isinstance(type_, str) and plain_type(type_) == SNAPSHOT_TYPE,
    )
