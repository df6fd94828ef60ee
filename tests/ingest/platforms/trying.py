"""One adapter from outside: the verdict, the items, and what they mean."""

from collections.abc import Sequence
from typing import Any

from mediaops_ingest.platforms.port import (
    ActivityDraft,
    Draft,
    Item,
    Request,
    Verdict,
    Verified,
)
from mediaops_ingest.platforms.registry import ADAPTERS

from tests.ingest.platforms.examples import a_context, types_of
from tests.ingest.platforms.international_signers import (
    NOW,
    SECRETS,
    a_push,
)


def verify(scheme: str, request: Request, secrets: dict[str, Any] | None = None) -> Verdict:
    adapter = ADAPTERS[scheme]
    settled = adapter.declaration.settle(secrets or SECRETS[scheme], {})
    return adapter.prepare([settled.secrets], settled.config).verify(request)


def items(scheme: str, request: Request) -> list[Item]:
    assert isinstance(verify(scheme, request), Verified)
    return ADAPTERS[scheme].split(request, [SECRETS[scheme]], {})


def drafts(scheme: str, body: Any, **more: Any) -> list[Draft]:
    request = a_push(scheme, body, **more)
    context = a_context(received_at=NOW)
    adapter = ADAPTERS[scheme]
    return [one for item in items(scheme, request) for one in adapter.normalise(item, context)]


def types(scheme: str, body: Any, **more: Any) -> list[str]:
    return types_of(drafts(scheme, body, **more))


def an_activity(found: Sequence[Draft]) -> ActivityDraft:
    [draft] = found
    assert isinstance(draft, ActivityDraft)
    return draft
