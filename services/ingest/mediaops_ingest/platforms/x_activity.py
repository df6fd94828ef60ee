"""X: the Activity API, the older Account Activity API, and the hourly challenge.

Source: docs.x.com, `x-api/webhooks/quickstart` and `x-api/activity/event-payloads`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from mediaops_ingest.platforms.declaration import Declaration, Key
from mediaops_ingest.platforms.port import (
    Answer,
    Context,
    Draft,
    Handshake,
    Item,
    ItemFailed,
    Malformed,
    Refused,
    Request,
    SecretSet,
    Verdict,
)
from mediaops_ingest.platforms.proofs import StoredHmac
from mediaops_ingest.platforms.pushes import json_request, object_of
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.verifying import (
    JsonVerifier,
    Proof,
    header_proof,
    secret_text,
)
from mediaops_ingest.platforms.x_events import MEANINGS, drafts_of, items_of

__all__ = ["XActivity"]

_SIGNATURE = b"x-twitter-webhooks-signature"
_TOKEN = re.compile(r"[A-Za-z0-9_.~+/=-]{1,512}")
"""Nothing that could be a body: an answer to the challenge is a signature like that of a push, and
whoever knows the URL could ask for one."""


def _signer(secret: bytes) -> Callable[[bytes], bytes]:
    hmac = StoredHmac(secret)
    return lambda text: b"sha256=" + hmac.base64(text)


class XActivityVerifier(JsonVerifier):
    def __init__(self, secrets: Sequence[SecretSet]) -> None:
        super().__init__(secrets)
        found = (secret_text(live, "consumer_secret") for live in secrets)
        self._newest = next((_signer(secret) for secret in found if secret), None)

    def proof_of(self, live: SecretSet) -> Proof | None:
        secret = secret_text(live, "consumer_secret")
        return header_proof(_SIGNATURE, _signer(secret)) if secret else None

    def verify(self, request: Request) -> Verdict:
        return self._challenge(request) if request.method == "GET" else super().verify(request)

    def _challenge(self, request: Request) -> Verdict:
        """Proves to X that we know the secret; the token itself proves nothing."""
        token = request.parameters().get("crc_token", "")
        if self._newest is None:
            return Refused("signature")
        if not _TOKEN.fullmatch(token):
            return Malformed(400, "schema")
        answer = canonical_json({"response_token": self._newest(token.encode()).decode()})
        return Handshake(Answer(200, answer, "application/json"))


class XActivity:
    declaration = Declaration(
        name="x-activity",
        title="X Activity API and Account Activity API",
        platform="x",
        keys=(Key("consumer_secret", "Developer Portal → app → Keys and tokens → API Key Secret"),),
        proofs=(frozenset({"consumer_secret"}),),
        methods=frozenset({"GET", "POST"}),
        proof="`x-twitter-webhooks-signature`: sha256= and the base64 HMAC-SHA256 of the body",
        handshake=(
            "GET with `crc_token`, hourly: answered with `response_token`, sha256= and the base64 "
            "HMAC-SHA256 of the token"
        ),
        answer="200, empty",
        known_by="`event_uuid`; of the older API the id of what happened",
        deadline_seconds=3.0,
        retries="not documented",
        lateness=timedelta(hours=24),
        meanings=MEANINGS,
        cannot="Who saw a post. No time is signed: a captured push is only known by its key.",
        uncertain=(
            "Whose post it is and whom it answers is read from the fields of the API v2 post.",
        ),
        notes=(
            "POST /2/webhooks with url = the hook URL: it must be https and name no port.",
            "Subscribe the account to the events; X asks for the challenge at once and hourly.",
        ),
    )

    def prepare(self, secrets: Sequence[SecretSet], config: Mapping[str, Any]) -> XActivityVerifier:
        return XActivityVerifier(secrets)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        return items_of(object_of(request))

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        if not isinstance(item.content, dict):
            raise ItemFailed("", "is not an object")
        return [drafts_of(item, context)]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        told = {"event_uuid": unique, "event_type": "mediaops.test", "payload": {}}
        body = canonical_json({"data": told})
        sign = _signer(str(secrets["consumer_secret"]).encode())
        return json_request(body, now, (_SIGNATURE, sign(body)))
