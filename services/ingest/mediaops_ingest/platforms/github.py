"""GitHub webhooks, whose proof many partner systems copied.

Source: docs.github.com, `webhooks/using-webhooks/validating-webhook-deliveries`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from mediaops_ingest.platforms import strict_json
from mediaops_ingest.platforms.declaration import Declaration, Key
from mediaops_ingest.platforms.fields import actor_of, id_of, key_of, present, text_of
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
    Unreadable,
    Verdict,
    Verified,
)
from mediaops_ingest.platforms.proofs import StoredHmac
from mediaops_ingest.platforms.pushes import inner, json_request
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.times import first_believable, parse_rfc3339
from mediaops_ingest.platforms.verifying import LiveVerifier, Proof, header_proof, secret_text

__all__ = ["GitHub"]

_PONG = Answer(200)
_FORM = b"application/x-www-form-urlencoded"

_TYPES = {
    ("star", "created"): "favourite.created",
    ("star", "deleted"): "favourite.removed",
    ("issue_comment", "created"): "comment.created",
    ("issue_comment", "deleted"): "comment.removed",
    ("release", "published"): "post.published",
}


def _signature(secret: bytes) -> Callable[[bytes], bytes]:
    hmac = StoredHmac(secret)
    return lambda body: b"sha256=" + hmac.hex(body)


class GitHubVerifier(LiveVerifier):
    accepted = Answer(202)

    def proof_of(self, live: SecretSet) -> Proof | None:
        secret = secret_text(live, "secret")
        return header_proof(b"x-hub-signature-256", _signature(secret)) if secret else None

    def read(self, request: Request, verified: Verified) -> Verdict:
        try:
            _payload(request)
        except Unreadable:
            return Malformed(400, "json")
        return Handshake(_PONG) if request.header(b"x-github-event") == b"ping" else verified


class GitHub:
    declaration = Declaration(
        name="github",
        title="GitHub webhooks, and systems that sign like them",
        platform="github",
        keys=(Key("secret", "Settings → Webhooks → Secret", is_ours=True),),
        proofs=(frozenset({"secret"}),),
        proof="X-Hub-Signature-256: sha256= and the hex HMAC-SHA256 of the body",
        handshake="the event `ping` is answered with 200 and not kept",
        answer="202, empty",
        known_by="X-GitHub-Delivery, which a redelivery keeps",
        deadline_seconds=10.0,
        retries="none by itself; by hand for three days, with the same X-GitHub-Delivery",
        lateness=timedelta(hours=72),
        meanings={f"{event}, {action}": (type_,) for (event, action), type_ in _TYPES.items()},
        cannot=(
            "Event and delivery id stand in headers that are not signed, nor is any time. Other "
            "events, and the bodies of other systems, need a mapping."
        ),
        notes=(
            "Repository or organisation → Settings → Webhooks → Add webhook.",
            "Payload URL: the hook URL; Content type: application/json; Secret: the `secret`.",
        ),
    )

    def prepare(self, secrets: Sequence[SecretSet], config: Mapping[str, Any]) -> GitHubVerifier:
        return GitHubVerifier(secrets)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        payload = _payload(request)
        id_ = (request.header(b"x-github-delivery") or b"").decode("ascii", "replace")
        event = (request.header(b"x-github-event") or b"").decode("ascii", "replace")
        return [
            Item(
                index=0,
                dedup_key=key_of(id_),
                canonical=canonical_json([event, payload]),
                content=payload if not event else {"event": event, "payload": payload},
            )
        ]

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        content = item.content if isinstance(item.content, dict) else {}
        event, payload = content.get("event"), inner(content, "payload")
        action = payload.get("action")
        type_ = _TYPES.get((str(event), str(action)))
        if type_ is None:
            return [Unmapped(f"event {str(event)[:60]!r}, action {str(action)[:60]!r}")]
        sender, comment = inner(payload, "sender"), inner(payload, "comment")
        release = inner(payload, "release")
        repository = inner(payload, "repository").get("full_name")
        place = inner(payload, "issue").get("html_url") or release.get("html_url")
        told = (
            payload.get("starred_at"),
            comment.get("created_at") if action == "created" else None,
            release.get("published_at"),
        )
        return [
            ActivityDraft(
                type=type_,
                occurred_at=first_believable(context.received_at, *map(parse_rfc3339, told)),
                actor=actor_of(sender.get("id"), "sender.id", context, name=sender.get("login")),
                content=id_of(place or repository, "repository.full_name"),
                text=text_of(comment.get("body"), limit=20_000),
                context=present(
                    repository=text_of(repository),
                    comment_id=text_of(comment.get("id")),
                    tag=text_of(release.get("tag_name")),
                ),
            )
        ]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        body = canonical_json({"zen": "mediaops test"})
        return json_request(
            body,
            now,
            (b"x-github-event", b"mediaops_test"),
            (b"x-github-delivery", unique.encode()),
            (b"x-hub-signature-256", _signature(str(secrets["secret"]).encode())(body)),
        )


def _payload(request: Request) -> Any:
    """The payload, which the form's content type puts into a field. Raises `Unreadable`."""
    body, media_type = request.body, request.header(b"content-type") or b""
    try:
        if media_type.partition(b";")[0].strip().lower() == _FORM:
            fields = parse_qs(body.decode("ascii"), max_num_fields=20, errors="strict")
            body = fields.get("payload", [""])[0].encode()
        return strict_json.decode(body)
    except ValueError as error:
        raise Unreadable(str(error)[:200]) from None
