"""Meta Graph webhooks: Page, Instagram and WhatsApp.

Source: developers.facebook.com, `docs/graph-api/webhooks/getting-started` and `reference/page`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from mediaops_ingest.platforms.declaration import Declaration, Key, generate_token
from mediaops_ingest.platforms.meta_events import MEANINGS, drafts_of
from mediaops_ingest.platforms.meta_items import items_of
from mediaops_ingest.platforms.port import (
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
from mediaops_ingest.platforms.proofs import StoredHmac, same
from mediaops_ingest.platforms.pushes import json_request, stored_json
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.verifying import (
    JsonVerifier,
    Proof,
    echoed,
    header_proof,
    secret_text,
)

__all__ = ["MetaGraph"]

_SIGNATURE = b"x-hub-signature-256"
_MAX_CHALLENGE = 512
_NOT_OURS = Refused("token", 403)
"""As the platform's page prescribes for a verify token that is not ours."""


def _signer(secret: bytes) -> Callable[[bytes], bytes]:
    hmac = StoredHmac(secret)
    return lambda body: b"sha256=" + hmac.hex(body)


class MetaGraphVerifier(JsonVerifier):
    form = (dict, list)

    def __init__(self, secrets: Sequence[SecretSet]) -> None:
        super().__init__(secrets)
        tokens = (secret_text(live, "verify_token") for live in secrets)
        self._tokens = [token for token in tokens if token]

    def proof_of(self, live: SecretSet) -> Proof | None:
        secret = secret_text(live, "app_secret")
        return header_proof(_SIGNATURE, _signer(secret)) if secret else None

    def verify(self, request: Request) -> Verdict:
        return self._challenge(request) if request.method == "GET" else super().verify(request)

    def _challenge(self, request: Request) -> Verdict:
        asked = request.parameters()
        given = asked.get("hub.verify_token", "").encode()
        if not any([same(token, given) for token in self._tokens]):
            return _NOT_OURS
        challenge = asked.get("hub.challenge", "").encode()
        if asked.get("hub.mode") != "subscribe" or not 0 < len(challenge) <= _MAX_CHALLENGE:
            return Malformed(400, "schema")
        return Handshake(echoed(challenge))


class MetaGraph:
    declaration = Declaration(
        name="meta-graph",
        title="Meta Graph webhooks: Page, Instagram, WhatsApp",
        platform=None,
        keys=(
            Key("app_secret", "App Dashboard → App settings → Basic → App Secret"),
            Key(
                "verify_token",
                "App Dashboard → Webhooks → Verify token",
                generate=generate_token,
            ),
        ),
        proofs=(frozenset({"app_secret"}), frozenset({"verify_token"})),
        methods=frozenset({"GET", "POST"}),
        proof="`X-Hub-Signature-256`: sha256= and the hex HMAC-SHA256 of the body as it came",
        handshake=(
            "GET with `hub.verify_token`: the right one is answered with `hub.challenge`, "
            "another with 403"
        ),
        answer="200, empty",
        known_by=(
            "object, entry, field, verb, time and the id of the comment or message, or else the "
            "post, the person and what was done"
        ),
        deadline_seconds=5.0,
        retries="at once, then less and less often for 36 h; WhatsApp for 7 days",
        comes_again=True,
        lateness=timedelta(hours=36),
        meanings=MEANINGS,
        cannot="No time is signed. Who likes on Instagram is not told.",
        uncertain=("Meta gives no limit for an answer; 5 s is ours.",),
        notes=(
            "App Dashboard → Webhooks: choose Page, Instagram or WhatsApp Business Account.",
            "Callback URL: the hook URL; Verify token: the `verify_token`.",
            "Subscribe to feed, mention, messages; comments, mentions, story_insights; messages.",
            "Without `app_secret` only the check of the address is answered, and no event taken.",
        ),
    )

    def prepare(self, secrets: Sequence[SecretSet], config: Mapping[str, Any]) -> MetaGraphVerifier:
        return MetaGraphVerifier(secrets)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        return items_of(stored_json(request, object))

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        if not isinstance(item.content, dict):
            raise ItemFailed("", "is not an object")
        return drafts_of(item.content, context)

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request | None:
        secret = secrets.get("app_secret")
        if not isinstance(secret, str):
            return None
        change = {"field": "mediaops_test", "value": {"id": unique}}
        body = canonical_json({"object": "page", "entry": [{"id": "0", "changes": [change]}]})
        return json_request(body, now, (_SIGNATURE, _signer(secret.encode())(body)))
