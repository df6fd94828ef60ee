"""CloudEvents 1.0 over HTTP: binary, structured and batched, with the web hook handshake.

Source: github.com/cloudevents/spec, `http-protocol-binding.md` and `http-webhook.md`.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from mediaops_ingest.platforms.batches import MAX_ITEMS
from mediaops_ingest.platforms.canonical import plain_type
from mediaops_ingest.platforms.cloudevents_http import (
    BadMessage,
    binary_event,
    mode_of,
    parse_structured,
)
from mediaops_ingest.platforms.declaration import Declaration, Key
from mediaops_ingest.platforms.envelope import SNAPSHOT_TYPE, drafts_of, own_key, timeless
from mediaops_ingest.platforms.port import (
    Answer,
    Context,
    Draft,
    Handshake,
    Ignored,
    Item,
    ItemFailed,
    Malformed,
    Refused,
    Request,
    SecretSet,
    Unreadable,
    Verdict,
)
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.times import parse_rfc3339
from mediaops_ingest.platforms.verifying import OneAnswer, OptionalBearer

__all__ = ["CloudEvents"]

_ACCEPTED = Answer(202)
"""The web hook specification's word for: accepted, and not yet processed."""

_VOLATILE = ("id", "source", "traceparent", "tracestate", "datacontenttype")
"""Identity is the key's matter: where the data bring a key of their own, a sender may tell of the
same act in two events. What JSON is labelled as, one mode must say and the other may leave out."""

_CORE = frozenset(
    {
        "type",
        "specversion",
        "time",
        "dataschema",
        "data",
        "data_base64",
        *_VOLATILE,
    }
)

_ORIGIN = re.compile(rb"[A-Za-z0-9.:_*-]{1,255}")
_RATE = re.compile(rb"[1-9][0-9]{0,8}")


class CloudEventsVerifier(OneAnswer):
    accepted = _ACCEPTED

    def __init__(self, bearer: OptionalBearer) -> None:
        self._bearer = bearer

    def verify(self, request: Request) -> Verdict:
        if request.method == "OPTIONS":
            # The specification: this handshake is no authorisation, and senders need not
            # authenticate in it. It gives nothing away but what the sender said itself.
            return _handshake(request)
        verified = self._bearer.proved(request)
        if verified is None:
            return Refused("auth")
        try:
            return _readable(request) or verified
        except BadMessage as error:
            return Malformed(error.status, error.reason)


class CloudEvents:
    declaration = Declaration(
        name="cloudevents",
        title="CloudEvents 1.0 over HTTP",
        platform=None,
        keys=(
            Key(
                "bearer",
                "Optional: the token of Authorization: Bearer, required once it is set",
                is_ours=True,
            ),
        ),
        methods=frozenset({"POST", "OPTIONS"}),
        hidden_headers=OptionalBearer.HIDDEN_HEADERS,
        hidden_parameters=OptionalBearer.HIDDEN_PARAMETERS,
        proof=(
            "None of its own: the hook URL is the capability. Once a `bearer` is set, every "
            "request needs it, as `Authorization: Bearer` or as the query's `access_token`."
        ),
        handshake=(
            "OPTIONS with `WebHook-Request-Origin`: answered with `WebHook-Allowed-Origin`, and "
            "with the rate that was asked for or `*` as `WebHook-Allowed-Rate`"
        ),
        answer="202",
        known_by="`dedup_key` in the data, else `source` and `id`",
        volatile=_VOLATILE,
        deadline_seconds=30.0,
        retries="the sender's choice",
        comes_again=True,
        meanings={"a `type` of ours": ("every type of activity", SNAPSHOT_TYPE)},
        cannot="The scheme has no signature: the hook URL is the secret. Only the JSON format.",
        notes=("Give the sender the hook URL, and the bearer token where it can send one.",),
    )

    def prepare(
        self, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> CloudEventsVerifier:
        return CloudEventsVerifier(OptionalBearer(secrets))

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        try:
            events = _events(request)
        except BadMessage as error:
            raise Unreadable(error.detail) from None
        return [_item(index, event) for index, event in enumerate(events)]

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        event = item.content
        if isinstance(event, BadMessage):
            raise ItemFailed("", event.detail)
        extra = {key: value for key, value in event.items() if key not in _CORE}
        return drafts_of(
            event["type"],
            event.get("data", event.get("data_base64")),
            time=item.time or context.received_at,
            extra=extra,
            context=context,
            most=len(item.canonical),
        )

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        event = {
            "specversion": "1.0",
            "id": unique,
            "source": "/mediaops/test",
            "type": "mediaops.test",
            "time": now.isoformat(),
            "data": {},
        }
        headers = [(b"content-type", b"application/cloudevents+json")]
        bearer = secrets.get("bearer")
        if isinstance(bearer, str):
            headers.append((b"authorization", b"Bearer " + bearer.encode()))
        return Request(method="POST", headers=headers, body=canonical_json(event), now=now)


def _handshake(request: Request) -> Verdict:
    origin = request.header(b"webhook-request-origin")
    if origin is None or not _ORIGIN.fullmatch(origin):
        return Malformed(400, "header")
    rate = request.header(b"webhook-request-rate")
    allowed = rate.decode() if rate is not None and _RATE.fullmatch(rate) else "*"
    return Handshake(
        Answer(
            200,
            headers=(
                ("Allow", "POST, OPTIONS"),
                ("WebHook-Allowed-Origin", origin.decode()),
                ("WebHook-Allowed-Rate", allowed),
            ),
        )
    )


def _readable(request: Request) -> Verdict | None:
    """What the door says to a message that is nothing to store; None for one to store."""
    mode = mode_of(request)
    if mode == "binary":
        binary_event(request)
        return None
    if mode == "structured":
        parse_structured(request.body)
        return None
    members = _members(request.body)
    if not members:
        return Ignored(_ACCEPTED, "empty batch")
    # A bad member fails alone and is shown; only a batch without any good one is refused.
    problem: BadMessage | None = None
    for member in members:
        try:
            parse_structured(member)
            return None
        except BadMessage as error:
            problem = problem or error
    return Malformed(problem.status, problem.reason) if problem else None


def _members(body: bytes) -> list[bytes]:
    try:
        members = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"), type=list[msgspec.Raw])
    except msgspec.ValidationError:
        raise BadMessage("schema", "a batch is a JSON array") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessage("json", str(error)) from None
    if len(members) > MAX_ITEMS:
        raise BadMessage("size", f"{len(members)} events, at most {MAX_ITEMS}", status=413)
    return [bytes(member) for member in members]


def _events(request: Request) -> list[dict[str, Any] | BadMessage]:
    mode = mode_of(request)
    if mode == "binary":
        return [binary_event(request)]
    if mode == "structured":
        return [parse_structured(request.body)]
    events: list[dict[str, Any] | BadMessage] = []
    for member in _members(request.body):
        try:
            events.append(parse_structured(member))
        except BadMessage as error:
            error.raw = member
            events.append(error)
    return events


def _item(index: int, event: dict[str, Any] | BadMessage) -> Item:
    if isinstance(event, BadMessage):
        return Item(index=index, dedup_key=None, canonical=event.raw, content=event)
    kept = {key: value for key, value in event.items() if key not in _VOLATILE}
    # A source may hold a bar and an id may too: only the first bar parts the two.
    key = f"{event['source'].replace('%', '%25').replace('|', '%7C')}|{event['id']}"
    return Item(
        index=index,
        dedup_key=own_key(event.get("data")) or key,
        canonical=canonical_json(timeless(kept, "time")),
        content=event,
        time=parse_rfc3339(event.get("time")),
        is_snapshot=plain_type(event["type"]) == SNAPSHOT_TYPE,
    )
