"""Snowplow trackers: the collector's two ways in, a POST of several events and a GET of one.

Source: docs.snowplow.io, `docs/events/http-requests`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from mediaops_ingest.platforms import strict_json
from mediaops_ingest.platforms.declaration import Declaration, Key
from mediaops_ingest.platforms.fields import actor_of, key_of, present, text_of
from mediaops_ingest.platforms.port import (
    ActivityDraft,
    Context,
    Draft,
    Ignored,
    Item,
    ItemFailed,
    Refused,
    Request,
    SecretSet,
    Unmapped,
    Unreadable,
    Verdict,
)
from mediaops_ingest.platforms.pushes import json_request
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.times import first_believable, seconds_or_milliseconds
from mediaops_ingest.platforms.tracking import BadBody, json_object, listed, plain_url
from mediaops_ingest.platforms.verifying import OneAnswer, OptionalBearer

__all__ = ["Snowplow"]

_POST = "com.snowplowanalytics.snowplow/tp2"
_GET = "i"
_VOLATILE = ("stm",)
"""When the tracker sent it, which a repeat does at another time."""


class SnowplowVerifier(OneAnswer):
    def __init__(self, bearer: OptionalBearer) -> None:
        self._bearer = bearer

    def verify(self, request: Request) -> Verdict:
        verified = self._bearer.proved(request)
        if verified is None:
            return Refused("auth")
        try:
            return verified if _events(request) else Ignored(self.accepted, "no events")
        except BadBody as bad:
            return bad.verdict


class Snowplow:
    declaration = Declaration(
        name="snowplow",
        title="Snowplow trackers",
        platform=None,
        keys=(
            Key(
                "bearer",
                "Optional: the token of Authorization: Bearer, required once it is set",
                is_ours=True,
            ),
        ),
        methods=frozenset({"GET", "POST"}),
        paths=frozenset({_POST, _GET}),
        hidden_headers=OptionalBearer.HIDDEN_HEADERS,
        hidden_parameters=OptionalBearer.HIDDEN_PARAMETERS,
        proof="None of its own: the hook URL is the capability, with an optional `bearer`",
        answer="200, empty",
        known_by="`eid`",
        volatile=_VOLATILE,
        deadline_seconds=5.0,
        retries="the trackers', from their own queue",
        comes_again=True,
        lateness=timedelta(hours=24),
        meanings={"pv": ("view.recorded",), "se": ("track.<category>.<action>",)},
        cannot=(
            "Page pings, transactions and self-describing events are kept as unmapped: a mapping "
            "can read them. Nothing is signed."
        ),
        notes=(
            "Give the tracker the hook URL without https:// as its endpoint, and nothing as port: "
            "it adds the path itself.",
        ),
    )

    def prepare(self, secrets: Sequence[SecretSet], config: Mapping[str, Any]) -> SnowplowVerifier:
        return SnowplowVerifier(OptionalBearer(secrets))

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        try:
            events = _events(request)
        except BadBody as bad:
            raise Unreadable(bad.verdict.reason) from None
        return [_item(index, event) for index, event in enumerate(events)]

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        event = item.content
        if not isinstance(event, dict):
            raise ItemFailed("", "is not an object")
        kind = event.get("e")
        if kind not in ("pv", "se"):
            return [Unmapped(f"event {str(kind)[:120]!r} is not known")]
        names = (text_of(event.get("se_ca"), limit=50), text_of(event.get("se_ac"), limit=50))
        if kind == "se" and not any(names):
            return [Unmapped("a structured event without category and action")]
        url = text_of(event.get("url"), limit=2048)
        return [
            ActivityDraft(
                type="view.recorded" if kind == "pv" else f"track.{'.'.join(filter(None, names))}",
                occurred_at=first_believable(context.received_at, item.time),
                actor=_person(event, context),
                content=key_of(plain_url(url)),
                context=present(
                    page=text_of(event.get("page")),
                    url=url,
                    referrer=text_of(event.get("refr"), limit=2048),
                    app_id=text_of(event.get("aid")),
                    label=text_of(event.get("se_la")),
                    property=text_of(event.get("se_pr")),
                    value=text_of(event.get("se_va")),
                ),
            )
        ]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        schema = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"
        body = canonical_json({"schema": schema, "data": [{"e": "mediaops_test", "eid": unique}]})
        bearer = secrets.get("bearer")
        more = [(b"authorization", b"Bearer " + bearer.encode())] if isinstance(bearer, str) else []
        return msgspec.structs.replace(json_request(body, now, *more), path=_POST)


def _events(request: Request) -> list[Any]:
    """The flat events. Raises `BadBody`."""
    if request.path == _GET or request.method == "GET":
        event = {k: v for k, v in request.parameters().items() if k != "access_token"}
        if "e" not in event:
            raise BadBody(400, "schema")
        if strict_json.fault(event):
            raise BadBody(400, "encoding")
        return [event]
    return listed(json_object(request.body).get("data"))


def _item(index: int, event: Any) -> Item:
    members = event if isinstance(event, dict) else {}
    kept = {name: value for name, value in members.items() if name not in _VOLATILE}
    return Item(
        index=index,
        dedup_key=key_of(members.get("eid")),
        canonical=canonical_json(kept if members else event),
        content=event,
        time=seconds_or_milliseconds(members.get("ttm") or members.get("dtm")),
    )


def _person(event: Mapping[str, Any], context: Context) -> Any:
    """Who is signed in, else the browser: by its first-party or the collector's cookie."""
    for name in ("uid", "duid", "tnuid", "nuid"):
        actor = actor_of(event.get(name), name, context)
        if actor:
            return actor
    return None
