"""Matomo's tracking interface: one action in a query, or several in a bulk request.

Source: developer.matomo.org, `api-reference/tracking-api`.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from mediaops_ingest.platforms import strict_json
from mediaops_ingest.platforms.declaration import Declaration, Key
from mediaops_ingest.platforms.fields import actor_of, key_of, present, text_of
from mediaops_ingest.platforms.port import (
    ActivityDraft,
    Answer,
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
    Verified,
)
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.times import first_believable, seconds_or_milliseconds
from mediaops_ingest.platforms.tracking import BadBody, json_object, listed, plain_url
from mediaops_ingest.platforms.verifying import OptionalBearer

__all__ = ["Matomo"]

_GIF = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
_IMAGE = Answer(200, _GIF, "image/gif")
_QUIET = Answer(204)
_VOLATILE = ("token_auth", "access_token", "queuedtracking", "send_image")
_UNIQUE = frozenset({"rand", "cdt"})
"""With one of these a request is another than the next one like it."""

Action = dict[str, str]


class _TokenAuth(OptionalBearer):
    """Also where Matomo's own clients put a token: in the query, or in the body."""

    def given(self, request: Request) -> bytes:
        token = request.parameters().get("token_auth")
        if token is None:
            with suppress(BadBody):
                token = _posted(request).get("token_auth")
        return token.encode() if isinstance(token, str) else super().given(request)


class MatomoVerifier:
    def __init__(self, secrets: Sequence[SecretSet]) -> None:
        self._bearer = _TokenAuth(secrets)

    def verify(self, request: Request) -> Verdict:
        verified = self._bearer.proved(request)
        if verified is None:
            return Refused("auth")
        try:
            if any(_is_recorded(action) for action in _actions(request)):
                return verified
        except BadBody as bad:
            return bad.verdict
        return Ignored(_answer(request), "rec is not 1")

    def answer(self, request: Request, verified: Verified) -> Answer:
        return _answer(request)


class Matomo:
    declaration = Declaration(
        name="matomo",
        title="Matomo trackers",
        platform=None,
        keys=(
            Key(
                "bearer",
                "Optional: the token of Authorization: Bearer, or token_auth; required once set",
                is_ours=True,
            ),
        ),
        methods=frozenset({"GET", "POST"}),
        paths=frozenset({"matomo.php", "piwik.php"}),
        hidden_headers=OptionalBearer.HIDDEN_HEADERS,
        hidden_parameters=OptionalBearer.HIDDEN_PARAMETERS | {b"token_auth"},
        proof="None of its own: the hook URL is the capability, with an optional `bearer`",
        answer="200 with an image, 204 with `send_image=0`; of a bulk 200 with its numbers as JSON",
        known_by="a digest of the action, and of its arrival where it has no `rand` or `cdt`",
        volatile=_VOLATILE,
        deadline_seconds=5.0,
        retries="the clients' own, if any",
        lateness=timedelta(hours=24),
        meanings={
            "an action with url": ("view.recorded",),
            "e_c and e_a": ("track.<category>.<action>",),
            "link, download": ("link.clicked",),
            "idgoal=0 with ec_id": ("order.paid",),
        },
        cannot=(
            "Nothing is signed and an action has no id: a repeat of a client that sends no `rand` "
            "counts twice. Pings, searches and goals are kept as unmapped."
        ),
        notes=(
            "Give the tracker the hook URL followed by /matomo.php, and any idsite.",
            "Whoever knows the hook URL may set time (`cdt`) and person (`uid`).",
        ),
    )

    def prepare(self, secrets: Sequence[SecretSet], config: Mapping[str, Any]) -> MatomoVerifier:
        return MatomoVerifier(secrets)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        try:
            actions = _actions(request)
        except BadBody as bad:
            raise Unreadable(bad.verdict.reason) from None
        told = [action for action in actions if action is None or _is_recorded(action)]
        return [_item(index, action, request) for index, action in enumerate(told)]

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        action: Action | None = item.content
        if action is None:
            raise ItemFailed("", "is neither a query nor an object")
        type_ = _type_of(action)
        if type_ is None:
            return [Unmapped(f"an action of {', '.join(sorted(action))[:120]}")]
        url = text_of(action.get("link") or action.get("download") or action.get("url"), limit=2048)
        person = action.get("uid") or action.get("_id") or action.get("cid")
        return [
            ActivityDraft(
                type=type_,
                occurred_at=first_believable(context.received_at, item.time),
                actor=actor_of(person, "uid" if action.get("uid") else "_id", context),
                content=key_of(plain_url(url)),
                context=present(
                    title=text_of(action.get("action_name")),
                    url=url,
                    referrer=text_of(action.get("urlref"), limit=2048),
                    idsite=text_of(action.get("idsite")),
                    name=text_of(action.get("e_n")),
                    value=text_of(action.get("e_v")),
                    order_id=text_of(action.get("ec_id")),
                    revenue=text_of(action.get("revenue")),
                ),
            )
        ]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        bearer = secrets.get("bearer")
        token = f"&token_auth={bearer}" if isinstance(bearer, str) else ""
        return Request(
            method="GET",
            path="matomo.php",
            query=f"idsite=1&rec=1&ping=1&rand={unique}{token}".encode(),
            now=now,
        )


def _is_recorded(action: Action | None) -> bool:
    return action is not None and action.get("rec") == "1"


def _is_bulk(request: Request) -> bool:
    return request.body.lstrip()[:1] == b"{"


def _actions(request: Request) -> list[Action | None]:
    """The parameters of each action; None for one of a bulk that has none. Raises `BadBody`."""
    if _is_bulk(request):
        actions = _bulk(_posted(request))
    else:
        actions = [{**request.parameters(), **_posted(request)}]
    if strict_json.fault(actions):
        raise BadBody(400, "encoding")
    return actions


def _posted(request: Request) -> dict[str, Any]:
    """What is in the body: the fields of a form, or the object of a bulk. Raises `BadBody`."""
    if _is_bulk(request):
        return json_object(request.body)
    posted = _parameters(request.body.decode("ascii", "replace"))
    if posted is None:
        raise BadBody(400, "schema")
    return posted


def _bulk(posted: dict[str, Any]) -> list[Action | None]:
    several = listed(posted.get("requests"))
    return [_parameters(one) if isinstance(one, str) else _texts(one) for one in several]


def _parameters(query: str) -> Action | None:
    try:
        return dict(parse_qsl(query.removeprefix("?"), keep_blank_values=True, max_num_fields=200))
    except ValueError:
        return None


def _texts(one: Any) -> Action | None:
    """A bulk request may hold objects as well as queries."""
    if not isinstance(one, dict):
        return None
    return {name: str(value) for name, value in one.items() if isinstance(value, str | int | float)}


def _item(index: int, action: Action | None, request: Request) -> Item:
    if action is None:
        told = [request.now.isoformat(), index]
        return Item(index=index, dedup_key=None, canonical=canonical_json(told), content=None)
    kept: dict[str, Any] = {k: v for k, v in action.items() if k not in _VOLATILE}
    whole = kept if _UNIQUE & kept.keys() else [kept, request.now.isoformat(), index]
    return Item(
        index=index,
        dedup_key=None,
        canonical=canonical_json(whole),
        content=kept,
        time=_time_of(action.get("cdt")),
    )


def _time_of(text: str | None) -> datetime | None:
    """Unix seconds, or a date and time in UTC."""
    if text is None or len(text) > 32:
        return None
    try:
        return seconds_or_milliseconds(text) or datetime.strptime(
            text, "%Y-%m-%d %H:%M:%S"
        ).replace(tzinfo=UTC)
    except ValueError:
        return None


def _type_of(action: Action) -> str | None:
    if action.get("ping") == "1" or "search" in action:
        return None
    if "e_c" in action and "e_a" in action:
        names = (text_of(action["e_c"], limit=50), text_of(action["e_a"], limit=50))
        return f"track.{'.'.join(filter(None, names))}" if any(names) else None
    if "idgoal" in action:
        return "order.paid" if action["idgoal"] == "0" and action.get("ec_id") else None
    if "link" in action or "download" in action:
        return "link.clicked"
    return "view.recorded" if "url" in action or "action_name" in action else None


def _answer(request: Request) -> Answer:
    actions = _actions(request)
    if _is_bulk(request):
        invalid = actions.count(None)
        numbers = {"invalid": invalid, "status": "success", "tracked": len(actions) - invalid}
        return Answer(200, canonical_json(numbers), "application/json")
    return _QUIET if actions[0] and actions[0].get("send_image") == "0" else _IMAGE
