"""小红书小程序: pushes whose address is proved, and whose bodies nobody here can open yet.

Source: miniapp.xiaohongshu.com, `doc/DC577113`; how the bodies are encrypted is not on it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from mediaops_ingest.platforms.declaration import Declaration, Key, generate_token
from mediaops_ingest.platforms.port import (
    Answer,
    Context,
    Draft,
    Item,
    Refused,
    Request,
    SecretSet,
    Unmapped,
    Verdict,
    Verified,
)
from mediaops_ingest.platforms.proofs import sorted_sha1
from mediaops_ingest.platforms.pushes import item_of, json_request, object_of
from mediaops_ingest.platforms.sorted_proofs import TOLERANCE, echo, query_fault
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.verifying import JsonVerifier, Proof

__all__ = ["XiaohongshuMiniapp"]


class XiaohongshuMiniappVerifier(JsonVerifier):
    accepted = Answer(200, b"success", "text/plain")

    def proof_of(self, live: SecretSet) -> Proof | None:
        token = live.get("token")
        return _proof(token) if isinstance(token, str) and token else None

    def read(self, request: Request, verified: Verified) -> Verdict:
        if request.method == "GET":
            return echo(request.parameters().get("echostr"))
        return super().read(request, verified)


def _proof(token: str) -> Proof:
    def proof(request: Request) -> Refused | None:
        return query_fault(request.parameters(), request.now, token)

    return proof


class XiaohongshuMiniapp:
    declaration = Declaration(
        name="xiaohongshu-miniapp",
        title="小红书小程序 消息推送",
        platform="xiaohongshu",
        keys=(Key("token", "小程序后台 → 开发 → 消息推送 → Token", generate=generate_token),),
        proofs=(frozenset({"token"}),),
        methods=frozenset({"GET", "POST"}),
        proof=(
            "the query's `signature`: hex SHA-1 of the sorted token, timestamp and nonce; it "
            "leaves out the body"
        ),
        tolerance=TOLERANCE,
        handshake="GET with `signature` and `echostr`: answered with echostr as text",
        answer="200 `success`",
        known_by="an equal body",
        volatile=("timestamp", "nonce", "signature"),
        deadline_seconds=5.0,
        retries="not stated on any page at hand",
        lateness=timedelta(hours=24),
        meanings={"whatever is pushed": ("unmapped",)},
        cannot=(
            "The bodies are ciphertext, and how they are made is not public: every push is kept as "
            "unmapped, to be read by a replay once it is known. A repeat is encrypted anew and so "
            "is not known again."
        ),
        uncertain=(
            "Only the handshake is documented; that a push carries the same signature in its query "
            "is what the form of the platform suggests.",
            "The limit for an answer and the answer are not stated: 5 s and `success`, as at 微信.",
        ),
        notes=(
            "小程序后台 → 开发 → 消息推送: enter the hook URL and the token.",
            "Saving checks the address with a GET at once.",
        ),
    )

    def prepare(
        self, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> XiaohongshuMiniappVerifier:
        return XiaohongshuMiniappVerifier(secrets)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        return [item_of(object_of(request), key=None)]

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        return [Unmapped("the body is encrypted in a way that is not public")]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        stamp = str(int(now.timestamp()))
        signature = sorted_sha1((str(secrets["token"]), stamp, unique)).decode()
        query = {"signature": signature, "timestamp": stamp, "nonce": unique}
        return json_request(canonical_json({"mediaops_test": unique}), now, query=query)
