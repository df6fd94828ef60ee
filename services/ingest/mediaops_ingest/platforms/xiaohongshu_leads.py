"""小红书聚光: form leads (表单线索), signed with HMAC-SHA1 over the body.

Source: the platform's guide 表单 API 对接, as others copied it; four unrelated implementations
agree.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from mediaops_common.events.activity import Actor

from mediaops_ingest.platforms.declaration import Declaration, Key, generate_token
from mediaops_ingest.platforms.fields import id_of, key_of, present, text_of
from mediaops_ingest.platforms.port import (
    ActivityDraft,
    Answer,
    Context,
    Draft,
    Item,
    Request,
    SecretSet,
    Unmapped,
)
from mediaops_ingest.platforms.proofs import StoredHmac
from mediaops_ingest.platforms.pushes import inner, item_of, json_request, object_of
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.times import (
    first_believable,
    parse_beijing,
    seconds_or_milliseconds,
)
from mediaops_ingest.platforms.verifying import (
    JsonVerifier,
    Proof,
    header_proof,
    secret_text,
)

__all__ = ["XiaohongshuLeads"]

_MOST_ANSWERS = 50
_KEPT = (
    "landing_page_id",
    "url",
    "source_channel",
    "account_id",
    "campaign_id",
    "campaign_name",
    "unit_id",
    "unit_name",
    "creative_id",
    "keyword",
)


class XiaohongshuLeadsVerifier(JsonVerifier):
    accepted = Answer(200, b'{"success":true}', "application/json")

    def proof_of(self, live: SecretSet) -> Proof | None:
        token = secret_text(live, "token")
        if token is None:
            return None
        stored = StoredHmac(token, hashlib.sha1)
        return header_proof(b"x-red-signature", lambda body: b"sha1=" + stored.hex(body))


class XiaohongshuLeads:
    declaration = Declaration(
        name="xiaohongshu-leads",
        title="小红书聚光 表单线索",
        platform="xiaohongshu",
        keys=(Key("token", "聚光平台 → 线索管理 → API 对接 → Token", generate=generate_token),),
        proofs=(frozenset({"token"}),),
        proof="`X-Red-Signature`: `sha1=` and the lower-case hex HMAC-SHA1 of the body",
        answer='200 `{"success":true}`',
        known_by="`data.leads_id`",
        volatile=("timestamp",),
        deadline_seconds=5.0,
        retries="3, one every 30 s",
        lateness=timedelta(hours=24),
        meanings={"a lead": ("lead.submitted",)},
        cannot=(
            "A lead names no user of 小红书: its actor is the lead itself, with the answers of the "
            "form as attributes. No time is signed: a captured push is only known by its leads_id."
        ),
        uncertain=(
            "The rule is second-hand: copies of the platform's guide and four implementations "
            "agree on HMAC-SHA1, a fifth guesses SHA-256.",
            "The platform calls the check optional; here it is not.",
            "The platform gives no limit for an answer; 5 s is assumed.",
        ),
        notes=(
            "聚光平台 → 线索管理 → API 对接: enter the hook URL and the token.",
            "Send the test push there: the page goes live when it was answered with 200.",
        ),
    )

    def prepare(
        self, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> XiaohongshuLeadsVerifier:
        return XiaohongshuLeadsVerifier(secrets)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        push = object_of(request)
        key = key_of(inner(push, "data").get("leads_id"))
        return [item_of(push, key=key, volatile=self.declaration.volatile)]

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        lead = inner(item.content, "data")
        leads_id = text_of(lead.get("leads_id"), limit=300)
        if leads_id is None:
            return [Unmapped("has no leads_id")]
        external_id = id_of(f"lead:{leads_id}", "data.leads_id")
        assert external_id is not None
        answers = _answers(lead.get("data"))
        return [
            ActivityDraft(
                type="lead.submitted",
                actor=Actor(
                    external_id=external_id,
                    id_scope=context.id_scope,
                    name=answers.get("姓名"),
                    attributes=answers,
                ),
                occurred_at=first_believable(
                    context.received_at,
                    parse_beijing(lead.get("submitted_time")),
                    seconds_or_milliseconds(item.content.get("timestamp")),
                ),
                context=present(
                    leads_id=leads_id,
                    **{name: text_of(lead.get(name), limit=2048) for name in _KEPT},
                ),
            )
        ]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        body = canonical_json({"data": {}, "source": f"mediaops-test-{unique}"})
        stored = StoredHmac(str(secrets["token"]).encode(), hashlib.sha1)
        return json_request(body, now, (b"x-red-signature", b"sha1=" + stored.hex(body)))


def _answers(fields: Any) -> dict[str, str]:
    """The form's answers by their labels; personal, and so nowhere but with the actor."""
    found: dict[str, str] = {}
    for field in fields[:_MOST_ANSWERS] if isinstance(fields, list) else ():
        if isinstance(field, dict):
            label, value = text_of(field.get("label")), text_of(field.get("value"), limit=2048)
            if label and value:
                found.setdefault(label, value)
    return found
