"""抖音直播: batches of comments, likes, gifts and fan-club events of a live room.

Source: developer.open-douyin.com, `interaction/develop/server/live-room-scope/data-open`.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from mediaops_common.events.activity import Actor

from mediaops_ingest.platforms.declaration import Declaration, Key
from mediaops_ingest.platforms.fields import id_of, key_of, present, text_of, whole_number
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
    Verdict,
    Verified,
)
from mediaops_ingest.platforms.proofs import BareDigest, same
from mediaops_ingest.platforms.pushes import bounded, item_of, json_request, stored_json
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.times import first_believable, seconds_or_milliseconds
from mediaops_ingest.platforms.verifying import (
    JsonVerifier,
    Proof,
    is_within,
    secret_text,
)

__all__ = ["DouyinLive"]

TOLERANCE = timedelta(seconds=300)
"""Our own rule: the platform signs the time and prescribes no width."""

_SIGNED = (b"x-msg-type", b"x-nonce-str", b"x-roomid", b"x-timestamp")
"""In the order of their names, which is the order they are signed in."""


def _digest(secret: bytes) -> BareDigest:
    return BareDigest(hashlib.md5, after=secret)


class DouyinLiveVerifier(JsonVerifier):
    form = list
    accepted = Answer(200, b"{}", "application/json")

    def proof_of(self, live: SecretSet) -> Proof | None:
        secret = secret_text(live, "secret")
        return _proof(_digest(secret)) if secret else None

    def judge(self, push: Any, verified: Verified) -> Verdict:
        return verified if push else Ignored(self.accepted, "empty")


def _proof(digest: BareDigest) -> Proof:
    def proof(request: Request) -> Refused | None:
        values = [request.header(name) or b"" for name in _SIGNED]
        given = request.header(b"x-signature")
        if not given or not all(values):
            return Refused("header")
        pairs = [b"%b=%b" % pair for pair in zip(_SIGNED, values, strict=True)]
        if not same(digest.base64(b"&".join(pairs), request.body), given):
            return Refused("signature")
        fresh = is_within(values[-1], request.now, TOLERANCE, per_second=1000)
        return None if fresh else Refused("timestamp")

    return proof


class DouyinLive:
    declaration = Declaration(
        name="douyin-live",
        title="抖音直播 数据推送 (直播间评论、点赞、礼物、粉丝团)",
        platform="douyin",
        keys=(Key("secret", "抖音开放平台 → 直播玩法 → 应用 → 能力 → 数据推送的签名密钥"),),
        proofs=(frozenset({"secret"}),),
        proof=(
            "`x-signature`: base64 MD5 of `x-msg-type=…&x-nonce-str=…&x-roomid=…&x-timestamp=…` ‖ "
            "body ‖ secret, not an HMAC; other headers take no part"
        ),
        tolerance=TOLERANCE,
        answer="200 `{}`",
        known_by="`x-msg-type` and the item's `msg_id`",
        volatile=("x-nonce-str", "x-timestamp"),
        deadline_seconds=2.0,
        retries=(
            "none: ten failures in a row open a circuit and what comes meanwhile is lost; gifts "
            "and fan-club events can be looked up at the platform for a day"
        ),
        lateness=timedelta(hours=24),
        meanings={
            "live_comment": ("comment.created",),
            "live_like": ("like.created",),
            "live_gift": ("gift.sent",),
            "live_fansclub": ("subscription.created",),
        },
        cannot=(
            "Comments and likes are lossy by design: the platform sends what fits into its rate, "
            "100 requests a second by default. Who enters or leaves the room is not pushed. The "
            "value of a gift is kept as the platform writes it, without a currency."
        ),
        uncertain=(
            "In which unit `gift_value` is, the stored pages do not say: it is no money here.",
            "Every `live_fansclub` is read as a subscription, whatever its reason.",
        ),
        notes=(
            "直播玩法 → 应用 → 能力: apply for each kind of data, and enter the hook URL for each.",
            "At the start of a broadcast call /api/live_data/task/start once per kind and room.",
        ),
    )

    def prepare(
        self, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> DouyinLiveVerifier:
        return DouyinLiveVerifier(secrets)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        kind, room = (
            (request.header(name) or b"").decode("utf-8", "replace")
            for name in (b"x-msg-type", b"x-roomid")
        )
        items = []
        for index, one in enumerate(stored_json(request, list)):
            known = one if isinstance(one, dict) else {"item": one}
            id_ = key_of(known.get("msg_id"))
            push = {**known, "msg_type": kind, "roomid": room}
            items.append(item_of(push, key=f"{kind}:{id_}" if id_ else None, index=index))
        return bounded(items)

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        push = item.content
        read = _READERS.get(push["msg_type"])
        if read is None:
            return [Unmapped(f"x-msg-type {push['msg_type'][:120]!r} is not known")]
        if "item" in push:
            raise ItemFailed("", "must be an object")
        type_, count, text, kept = read(push)
        who = id_of(push.get("sec_openid"), "sec_openid")
        return [
            ActivityDraft(
                type=type_,
                actor=Actor(
                    external_id=who, id_scope=context.id_scope, name=text_of(push.get("nickname"))
                )
                if who
                else None,
                # The broadcast is what they comment on, like and pay for.
                content=id_of(push["roomid"], "x-roomid"),
                occurred_at=first_believable(
                    context.received_at, seconds_or_milliseconds(push.get("timestamp"))
                ),
                count=count,
                text=text,
                context=kept,
            )
        ]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        body = canonical_json([{"msg_id": unique}])
        stamp = str(int(now.timestamp() * 1000)).encode()
        values = (b"mediaops_test", unique.encode(), b"0", stamp)
        pairs = [b"%b=%b" % pair for pair in zip(_SIGNED, values, strict=True)]
        signature = _digest(str(secrets["secret"]).encode()).base64(b"&".join(pairs), body)
        signed = zip(_SIGNED, values, strict=True)
        return json_request(body, now, *signed, (b"x-signature", signature))


Reading = tuple[str, int, str | None, dict[str, Any]]
"""The type, its count, the text, and what the context keeps."""


def _comment(push: Mapping[str, Any]) -> Reading:
    return "comment.created", 1, text_of(push.get("content"), limit=20_000), {}


def _like(push: Mapping[str, Any]) -> Reading:
    return "like.created", _count(push, "like_num"), None, {}


def _gift(push: Mapping[str, Any]) -> Reading:
    return (
        "gift.sent",
        _count(push, "gift_num"),
        None,
        present(
            gift_id=text_of(push.get("sec_gift_id")),
            gift_value=whole_number(push.get("gift_value")),
        ),
    )


def _fansclub(push: Mapping[str, Any]) -> Reading:
    return (
        "subscription.created",
        1,
        None,
        present(
            reason=whole_number(push.get("fansclub_reason_type")),
            level=whole_number(push.get("fansclub_level")),
        ),
    )


def _count(push: Mapping[str, Any], name: str) -> int:
    """How many are in the item, which may be written as text; one where it does not say."""
    if push.get(name) is None:
        return 1
    count = whole_number(push[name])
    if count is None or not 1 <= count <= 1_000_000_000:
        raise ItemFailed(name, "must be a positive whole number")
    return count


_READERS: dict[str, Callable[[Mapping[str, Any]], Reading]] = {
    "live_comment": _comment,
    "live_like": _like,
    "live_gift": _gift,
    "live_fansclub": _fansclub,
}
