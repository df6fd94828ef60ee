"""Any partner: a JSON, XML or form body, a proof put together from settings, and a mapping."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from mediaops_ingest.mappings.expressions import (
    BadExpression,
    Budget,
    EvaluationFailed,
    Expression,
    OutOfBudget,
)
from mediaops_ingest.platforms.batches import MAX_ITEMS
from mediaops_ingest.platforms.declaration import BadSetting, Declaration, Key, generate_secret
from mediaops_ingest.platforms.fields import key_of
from mediaops_ingest.platforms.generic_body import NotReadable, read_body
from mediaops_ingest.platforms.generic_proof import SETTINGS, GenericProof
from mediaops_ingest.platforms.port import (
    Answer,
    Context,
    Draft,
    Item,
    Malformed,
    Refused,
    Request,
    SecretSet,
    Unmapped,
    Unreadable,
    Verdict,
    Verified,
)
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.verifying import LiveVerifier, OptionalBearer, Proof, secret_text

__all__ = ["Generic"]

_STEPS = 120_000
"""Of evaluation for a whole body, as a mapping has for an item."""

_READING = (
    Key(
        "body",
        "What bodies are, where their content type does not say it rightly",
        choices=("auto", "json", "xml", "form"),
        is_setting=True,
    ),
    Key(
        "items",
        "JMESPath to the list of events in a body that holds several, such as body.events",
        is_setting=True,
    ),
    Key(
        "dedup_key",
        "JMESPath to what an event is known again by, such as item.id",
        is_setting=True,
    ),
)


class GenericVerifier(LiveVerifier):
    accepted = Answer(202)

    def __init__(self, secrets: Sequence[SecretSet], config: Mapping[str, Any]) -> None:
        self._config = config
        self._bearer = OptionalBearer(secrets)
        self._has_secret = any(secret_text(live, "secret") for live in secrets)
        self._has_bearer = any(secret_text(live, "bearer") for live in secrets)
        super().__init__(secrets)

    def proof_of(self, live: SecretSet) -> Proof | None:
        secret = secret_text(live, "secret")
        return GenericProof(secret, self._config).check if secret else None

    def verify(self, request: Request) -> Verdict:
        """Where both are set, both are asked for."""
        if not self._has_secret and not self._has_bearer:
            return Refused("auth")
        verified = self._bearer.proved(request)
        if verified is None:
            return Refused("auth")
        return super().verify(request) if self._has_secret else self.read(request, verified)

    def read(self, request: Request, verified: Verified) -> Verdict:
        try:
            read_body(request, self._config)
        except NotReadable as error:
            return Malformed(400, error.reason)
        return verified


class Generic:
    declaration = Declaration(
        name="generic",
        title="Any partner, by configuration",
        platform=None,
        keys=(
            Key("secret", "What the sender signs with", generate=generate_secret),
            Key("bearer", "The token of Authorization: Bearer", is_ours=True),
            *SETTINGS,
            *_READING,
        ),
        proofs=(frozenset({"secret"}), frozenset({"bearer"})),
        hidden_headers=OptionalBearer.HIDDEN_HEADERS,
        hidden_parameters=OptionalBearer.HIDDEN_PARAMETERS,
        proof="as its settings say: a signature, a bearer token, or both",
        tolerance=timedelta(minutes=5),
        answer="202, empty",
        known_by="what `dedup_key` finds, else the header `id_header` names, else a digest",
        deadline_seconds=10.0,
        retries="the sender's choice",
        comes_again=True,
        lateness=timedelta(hours=24),
        meanings={"what its mapping says": ("every type of activity", "metrics.snapshot")},
        cannot="Without a mapping every event is kept as unmapped.",
        notes=(
            "Set how the sender signs, then try a real body with POST /sources/{id}/test.",
            "Write the mapping from what that shows; see docs/guides/generic.md.",
        ),
    )

    def prepare(self, secrets: Sequence[SecretSet], config: Mapping[str, Any]) -> GenericVerifier:
        for name in ("items", "dedup_key"):
            if name in config:
                _expression(config, name)
        return GenericVerifier(secrets, config)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        try:
            body = read_body(request, config)
        except NotReadable as error:
            raise Unreadable(str(error)) from None
        budget = Budget(_STEPS)
        try:
            found = _found(body, config, budget)
            return [_item(n, one, request, config, budget) for n, one in enumerate(found)]
        except (EvaluationFailed, OutOfBudget) as error:
            raise Unreadable(f"items or dedup_key: {error}") from None

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        return [Unmapped("no mapping knows it")]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        body = canonical_json({"mediaops_test": unique})
        request = Request(
            method="POST",
            headers=((b"content-type", b"application/json"),),
            body=body,
            now=now,
        )
        secret, bearer = secret_text(secrets, "secret"), secret_text(secrets, "bearer")
        if secret:
            request = GenericProof(secret, config).signed(request, unique)
        if bearer:
            token = (b"authorization", b"Bearer " + bearer)
            request = Request(
                method="POST",
                query=request.query,
                headers=(*request.headers, token),
                body=body,
                now=now,
            )
        return request


def _expression(config: Mapping[str, Any], name: str) -> Expression:
    try:
        return _compiled(str(config[name]))
    except BadExpression as error:
        raise BadSetting(f"config.{name}", str(error)) from None


@lru_cache(maxsize=1024)
def _compiled(text: str) -> Expression:
    """Asked for with every delivery, which compiling would cost more than all else."""
    return Expression(text)


def _found(body: Any, config: Mapping[str, Any], budget: Budget) -> list[Any]:
    if "items" not in config:
        return [body]
    found = _expression(config, "items").evaluate({"body": body}, budget)
    if isinstance(found, dict):
        # Of one event XML cannot say that there might have been several.
        found = [found]
    if not isinstance(found, list):
        raise EvaluationFailed("items finds no list in the body")
    if len(found) > MAX_ITEMS:
        raise EvaluationFailed(f"{len(found)} items, at most {MAX_ITEMS}")
    return found


def _item(
    index: int, content: Any, request: Request, config: Mapping[str, Any], budget: Budget
) -> Item:
    key = None
    if "dedup_key" in config:
        key = key_of(_expression(config, "dedup_key").evaluate({"item": content}, budget))
    elif "id_header" in config:
        id_ = (request.header(str(config["id_header"]).lower().encode()) or b"").decode("latin-1")
        key = key_of(f"{id_}#{index}" if id_ and "items" in config else id_)
    return Item(index=index, dedup_key=key, canonical=canonical_json(content), content=content)
