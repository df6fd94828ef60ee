"""快手开放平台: pushes signed with a bare MD5, each answered with its own message_id.

Source: open.kuaishou.com, `platformDocs/openAbility/webHook/accessGuide`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from mediaops_common.events.activity import Actor

from mediaops_ingest.platforms import strict_json
from mediaops_ingest.platforms.declaration import Declaration, Key
from mediaops_ingest.platforms.fields import id_of, key_of, present
from mediaops_ingest.platforms.port import (
    ActivityDraft,
    Answer,
    Context,
    Draft,
    Handshake,
    Item,
    Malformed,
    Request,
    SecretSet,
    Unmapped,
    Verdict,
    Verified,
)
from mediaops_ingest.platforms.proofs import BareDigest
from mediaops_ingest.platforms.pushes import inner, item_of, json_request, object_of
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.times import first_believable, seconds_or_milliseconds
from mediaops_ingest.platforms.verifying import (
    JsonVerifier,
    Proof,
    header_proof,
    secret_text,
)

__all__ = ["Kuaishou"]

_TEST = "test"
_TYPES = {"AUTHORIZE": "account.authorized", "UN_AUTHORIZE": "account.deauthorized"}


def _digest(secret: bytes) -> BareDigest:
    return BareDigest(hashlib.md5, after=secret)


class KuaishouVerifier(JsonVerifier):
    def proof_of(self, live: SecretSet) -> Proof | None:
        secret = secret_text(live, "app_secret")
        return header_proof(b"kwaisign", _digest(secret).hex) if secret else None

    def judge(self, push: Any, verified: Verified) -> Verdict:
        if not isinstance(push.get("event"), str):
            return Malformed(400, "schema")
        return Handshake(_result(push)) if push["event"] == _TEST else verified

    def answer(self, request: Request, verified: Verified) -> Answer:
        return _result(strict_json.decode(request.body))


def _result(push: Mapping[str, Any]) -> Answer:
    """Any other answer counts as a failure, and so does another message_id."""
    said = push.get("message_id")
    same_id = {"message_id": said} if isinstance(said, str | int) else {}
    return Answer(200, msgspec.json.encode({"result": 1, **same_id}), "application/json")


class Kuaishou:
    declaration = Declaration(
        name="kuaishou",
        title="快手开放平台 WebHook",
        platform="kuaishou",
        keys=(Key("app_secret", "快手开放平台 → 管理中心 → 应用详情 → app_secret"),),
        proofs=(frozenset({"app_secret"}),),
        proof="`kwaisign`: lower-case hex MD5 of body ‖ app_secret, not an HMAC",
        handshake="event `test`, signed too: answered like every push",
        answer='200 `{"result":1,"message_id":<the same>}`',
        known_by="`message_id`",
        volatile=("timestamp",),
        deadline_seconds=5.0,
        retries="3, one every 5 s, with the same message_id",
        lateness=timedelta(hours=24),
        meanings={name: (type_,) for name, type_ in _TYPES.items()},
        cannot=(
            "No time is signed: a captured push is only known by its message_id. Live comments, "
            "likes and gifts, and payments, come under names and with bodies that are not on the "
            "platform's public pages: they are kept as unmapped, and a mapping can read them."
        ),
        uncertain=(
            "The platform gives no limit for an answer; 5 s is its pause between two tries.",
            "The guide speaks of taskId for repeats, the event pages define message_id: it is "
            "message_id that is used.",
            "The two events are read as a mirror of the platform's pages shows them.",
            "Whether a repeat has a new `timestamp` neither says; it would not matter.",
            "An upper-case kwaisign is refused: the guide shows lower case and does not say.",
        ),
        notes=(
            "管理中心 → 应用 → WebHook: enter the hook URL; saving sends the event test at once.",
            "Choose the events there; each needs its permission.",
        ),
    )

    def prepare(self, secrets: Sequence[SecretSet], config: Mapping[str, Any]) -> KuaishouVerifier:
        return KuaishouVerifier(secrets)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        push = object_of(request)
        key = key_of(push.get("message_id"))
        return [item_of(push, key=key, volatile=self.declaration.volatile if key else ())]

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        push = item.content
        type_ = _TYPES.get(str(push.get("event")))
        if type_ is None:
            return [Unmapped(f"event {str(push.get('event'))[:120]!r} is not known")]
        data = inner(push, "data")
        open_id = id_of(data.get("open_id"), "data.open_id")
        return [
            ActivityDraft(
                type=type_,
                actor=Actor(external_id=open_id, id_scope=context.id_scope) if open_id else None,
                occurred_at=first_believable(
                    context.received_at, seconds_or_milliseconds(push.get("timestamp"))
                ),
                context=present(scope=data.get("scope"), is_new=data.get("is_new")),
                # The account itself gives and takes the permission.
                by_channel=True,
            )
        ]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        body = canonical_json({"data": {}, "event": "mediaops_test", "message_id": unique})
        signature = _digest(str(secrets["app_secret"]).encode()).hex(body)
        return json_request(body, now, (b"kwaisign", signature))
