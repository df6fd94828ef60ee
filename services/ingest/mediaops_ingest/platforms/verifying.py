"""What all verifiers do alike: try each live secret set, then read what was proved."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from mediaops_ingest.platforms import strict_json
from mediaops_ingest.platforms.port import (
    Answer,
    Malformed,
    Refused,
    Request,
    SecretSet,
    Verdict,
    Verified,
)
from mediaops_ingest.platforms.proofs import bearer_token, same

__all__ = [
    "JsonVerifier",
    "LiveVerifier",
    "OneAnswer",
    "OptionalBearer",
    "Proof",
    "echoed",
    "header_proof",
    "is_within",
    "json_of",
    "secret_text",
]

Proof = Callable[[Request], Refused | None]
"""What one live secret set says of a request: None where it is proved."""


class OneAnswer:
    """A verifier whose senders all hear the same, once what they sent is kept."""

    accepted: Answer = Answer(200)

    def answer(self, request: Request, verified: Verified) -> Answer:
        return self.accepted


class LiveVerifier(OneAnswer, ABC):
    """A source's verifier over its live secret sets, newest first.

    Each adapter names its own subclass, whose `proof_of` says how one set proves; a set that lacks
    a key proves nothing. What was proved is read by `read`.
    """

    def __init__(self, secrets: Sequence[SecretSet]) -> None:
        self._proofs = [self.proof_of(live) for live in secrets]

    @abstractmethod
    def proof_of(self, live: SecretSet) -> Proof | None:
        """How this set proves a request; None where it cannot."""

    @abstractmethod
    def read(self, request: Request, verified: Verified) -> Verdict:
        """What a proved request is."""

    def verify(self, request: Request) -> Verdict:
        refused = Refused("signature")
        for place, proof in enumerate(self._proofs):
            found = proof(request) if proof else refused
            if found is None:
                return self.read(request, Verified(place))
            refused = found
        return refused


class JsonVerifier(LiveVerifier):
    """One whose requests are JSON of one `form`: what else is proved is malformed."""

    form: type | tuple[type, ...] = dict

    def read(self, request: Request, verified: Verified) -> Verdict:
        push = json_of(request, self.form)
        return push if isinstance(push, Malformed) else self.judge(push, verified)

    def judge(self, push: Any, verified: Verified) -> Verdict:
        """What a push of that form is: something to keep, unless it says otherwise."""
        return verified


def secret_text(live: SecretSet, name: str) -> bytes | None:
    """A key of a set as bytes; None where the set has none."""
    value = live.get(name)
    return value.encode() if isinstance(value, str) and value else None


def header_proof(name: bytes, expected: Callable[[bytes], bytes]) -> Proof:
    """The proof of a signature over nothing but the body, in a header of its own."""
    missing, wrong = Refused("header"), Refused("signature")

    def proof(request: Request) -> Refused | None:
        given = request.header(name)
        if not given:
            return missing
        return None if same(expected(request.body), given) else wrong

    return proof


def is_within(
    given: str | bytes | None, now: datetime, tolerance: timedelta, per_second: int = 1
) -> bool:
    """Whether a signed Unix time is as close to `now` as it must be; `per_second` is its unit.

    Never raises: what is no time is not within anything.
    """
    if not given or not given.isascii() or not given.isdigit() or len(given) > 16:
        return False
    off = abs(now.timestamp() * per_second - int(given))
    return off <= tolerance.total_seconds() * per_second


def json_of(request: Request, form: type | tuple[type, ...]) -> Any | Malformed:
    """The body of a proved request as an object or a list, or what is wrong with it."""
    try:
        value = strict_json.decode(request.body)
    except strict_json.NotStrict:
        return Malformed(400, "json")
    return value if isinstance(value, form) else Malformed(400, "schema")


def echoed(challenge: bytes) -> Answer:
    """What a sender wants to read again. As text and never sniffed: it is the sender, or whoever
    knows its token or the URL, that chooses these bytes."""
    return Answer(200, challenge, "text/plain", (("X-Content-Type-Options", "nosniff"),))


class OptionalBearer:
    """The shared token of schemes without a proof of their own: the hook's key is the capability,
    and once a live set has a `bearer`, every request needs one of them."""

    HIDDEN_HEADERS = frozenset({b"authorization"})
    HIDDEN_PARAMETERS = frozenset({b"access_token"})

    def __init__(self, secrets: Sequence[SecretSet]) -> None:
        self._bearers = [secret_text(live, "bearer") for live in secrets]

    def proved(self, request: Request) -> Verified | None:
        """By whatever `given` finds, where one is asked for."""
        if not any(self._bearers):
            return Verified()
        given = self.given(request)
        for place, bearer in enumerate(self._bearers):
            if bearer and same(bearer, given):
                return Verified(place)
        return None

    def given(self, request: Request) -> bytes:
        """From `Authorization: Bearer`, or from the query's `access_token` where a platform takes
        nothing but a URL."""
        token = bearer_token(request.header(b"authorization"))
        return request.parameters().get("access_token", "").encode() if token is None else token
