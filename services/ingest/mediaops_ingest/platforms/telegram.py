"""Telegram Bot API: updates of a bot, one in each request.

Source: core.telegram.org/bots/api, `setWebhook` and `Update`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from mediaops_ingest.platforms.declaration import BadSetting, Declaration, Key, generate_token
from mediaops_ingest.platforms.fields import (
    actor_of,
    id_of,
    key_of,
    list_of,
    present,
    text_of,
    whole_number,
)
from mediaops_ingest.platforms.port import (
    ActivityDraft,
    Context,
    Draft,
    Item,
    Refused,
    Request,
    SecretSet,
    SnapshotDraft,
    Unmapped,
)
from mediaops_ingest.platforms.proofs import same
from mediaops_ingest.platforms.pushes import inner, item_of, json_request, object_of
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.times import first_believable, seconds_or_milliseconds
from mediaops_ingest.platforms.verifying import (
    JsonVerifier,
    Proof,
    secret_text,
)

__all__ = ["Telegram"]

_HEADER = b"x-telegram-bot-api-secret-token"
_TOKEN = re.compile(rb"[A-Za-z0-9_-]{1,256}")
_INSIDE = frozenset({"member", "administrator", "creator"})


class TelegramVerifier(JsonVerifier):
    def proof_of(self, live: SecretSet) -> Proof | None:
        token = secret_text(live, "secret_token")
        if token is None:
            return None
        if not _TOKEN.fullmatch(token):
            raise BadSetting("secrets.secret_token", "must be 1 to 256 of A-Z a-z 0-9 _ -")

        def proof(request: Request) -> Refused | None:
            given = request.header(_HEADER)
            if not given:
                return Refused("header")
            return None if same(token, given) else Refused("token")

        return proof


class Telegram:
    declaration = Declaration(
        name="telegram",
        title="Telegram Bot API",
        platform="telegram",
        keys=(
            Key(
                "secret_token",
                "setWebhook → secret_token: 1-256 of A-Z a-z 0-9 _ -",
                generate=generate_token,
            ),
        ),
        proofs=(frozenset({"secret_token"}),),
        hidden_headers=frozenset({_HEADER}),
        proof="`X-Telegram-Bot-Api-Secret-Token` is the token; nothing is signed",
        answer="200, empty",
        known_by="`update_id`",
        deadline_seconds=10.0,
        retries="a reasonable number, says the page; updates are kept for 24 h",
        comes_again=True,
        lateness=timedelta(hours=24),
        meanings={
            "message": ("message.received",),
            "channel_post": ("post.published",),
            "callback_query": ("menu.clicked",),
            "chat_member of a channel": ("follow.created", "follow.removed"),
            "chat_member of a group": ("group.member_joined", "group.member_left"),
            "message_reaction": ("like.created", "like.removed"),
            "message_reaction_count": ("metrics.snapshot",),
        },
        cannot=(
            "The body is not signed: whoever learns the token can write anything. Views of posts "
            "are not told."
        ),
        uncertain=("Telegram gives no limit for an answer; 10 s is ours.",),
        notes=(
            "Call setWebhook with url = the hook URL and secret_token = the `secret_token`.",
            "allowed_updates must name chat_member, message_reaction and message_reaction_count: "
            "they are off by default, and the bot must be an administrator.",
        ),
    )

    def prepare(self, secrets: Sequence[SecretSet], config: Mapping[str, Any]) -> TelegramVerifier:
        return TelegramVerifier(secrets)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        update = object_of(request)
        return [item_of(update, key=key_of(update.get("update_id")))]

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        for name, drafts in _UPDATES.items():
            told = item.content.get(name)
            if isinstance(told, dict):
                return drafts(told, context)
        kinds = sorted(item.content.keys() - {"update_id"})
        return [Unmapped(f"update {', '.join(kinds)[:120] or 'of no kind'} is not known")]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        body = canonical_json({"update_id": f"test-{unique}", "mediaops_test": {}})
        return json_request(body, now, (_HEADER, str(secrets["secret_token"]).encode()))


def _moment(told: Mapping[str, Any], context: Context) -> datetime:
    return first_believable(context.received_at, seconds_or_milliseconds(told.get("date")))


def _person(user: Mapping[str, Any], context: Context) -> Any:
    names = (text_of(user.get("first_name")), text_of(user.get("last_name")))
    name = " ".join(filter(None, names)) or user.get("username")
    return actor_of(user.get("id"), "from.id", context, name=name)


def _content(told: Mapping[str, Any]) -> str | None:
    """A message has a number of its own only within its chat."""
    chat, message = text_of(inner(told, "chat").get("id")), text_of(told.get("message_id"))
    return id_of(f"{chat}/{message}", "message_id") if chat and message else None


def _text(told: Mapping[str, Any]) -> str | None:
    return text_of(told.get("text"), limit=20_000) or text_of(told.get("caption"), limit=20_000)


def _message(told: dict[str, Any], context: Context) -> list[Draft]:
    if told.get("new_chat_members") or told.get("left_chat_member"):
        return [Unmapped("who comes and goes is told by chat_member")]
    chat = inner(told, "chat")
    return [
        ActivityDraft(
            type="message.received",
            occurred_at=_moment(told, context),
            actor=_person(inner(told, "from"), context),
            text=_text(told),
            parent_external_id=_content(inner(told, "reply_to_message")),
            context=present(
                message_id=text_of(told.get("message_id")),
                chat_id=text_of(chat.get("id")),
                chat_type=text_of(chat.get("type")),
            ),
        )
    ]


def _post(told: dict[str, Any], context: Context) -> list[Draft]:
    return [
        ActivityDraft(
            type="post.published",
            occurred_at=_moment(told, context),
            content=_content(told),
            text=_text(told),
            by_channel=True,
        )
    ]


def _button(told: dict[str, Any], context: Context) -> list[Draft]:
    message = inner(told, "message")
    return [
        ActivityDraft(
            type="menu.clicked",
            occurred_at=context.received_at,
            actor=_person(inner(told, "from"), context),
            content=_content(message),
            context=present(key=text_of(told.get("data"), limit=2048)),
        )
    ]


def _is_inside(member: Mapping[str, Any]) -> bool:
    status = text_of(member.get("status"))
    return status in _INSIDE or (status == "restricted" and member.get("is_member") is True)


def _member(told: dict[str, Any], context: Context) -> list[Draft]:
    before, after = inner(told, "old_chat_member"), inner(told, "new_chat_member")
    was, is_now = _is_inside(before), _is_inside(after)
    if was == is_now:
        return [Unmapped("nobody came or went")]
    chat = inner(told, "chat")
    if chat.get("type") == "channel":
        type_ = "follow.created" if is_now else "follow.removed"
    else:
        type_ = "group.member_joined" if is_now else "group.member_left"
    return [
        ActivityDraft(
            type=type_,
            occurred_at=_moment(told, context),
            actor=_person(inner(after, "user"), context),
            context=present(
                chat_id=text_of(chat.get("id")),
                link=text_of(inner(told, "invite_link").get("name")),
            ),
        )
    ]


def _reaction(told: dict[str, Any], context: Context) -> list[Draft]:
    before, after = list_of(told.get("old_reaction")), list_of(told.get("new_reaction"))
    if bool(before) == bool(after):
        return [Unmapped("one reaction for another")]
    return [
        ActivityDraft(
            type="like.created" if after else "like.removed",
            occurred_at=_moment(told, context),
            actor=_person(inner(told, "user"), context),
            content=_content(told),
        )
    ]


def _reactions(told: dict[str, Any], context: Context) -> list[Draft]:
    counts = [
        whole_number(one.get("total_count"))
        for one in list_of(told.get("reactions"))
        if isinstance(one, dict)
    ]
    return [
        SnapshotDraft(
            metric="likes",
            value=sum(count or 0 for count in counts),
            kind="gauge",
            as_of=_moment(told, context),
            content=_content(told),
        )
    ]


_UPDATES: dict[str, Callable[[dict[str, Any], Context], list[Draft]]] = {
    "message": _message,
    "channel_post": _post,
    "callback_query": _button,
    "chat_member": _member,
    "message_reaction": _reaction,
    "message_reaction_count": _reactions,
}
