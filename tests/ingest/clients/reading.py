"""What a running ingest kept of what a client sent it."""

from typing import Any

from mediaops_ingest.platforms.port import Request
from mediaops_ingest.platforms.registry import ADAPTERS

from tests.ingest.platforms.examples import a_context, types_of


async def kept_types(ingest: Any) -> list[str]:
    """The types of all that was kept, sorted."""
    found: list[str] = []
    for delivery in await ingest.logged():
        request = Request(
            method=delivery.method,
            path=delivery.path,
            query=delivery.query,
            headers=delivery.headers,
            body=delivery.body,
            now=delivery.received_at,
        )
        adapter = ADAPTERS[delivery.adapter]
        for item in adapter.split(request, [], {}):
            found += types_of(adapter.normalise(item, a_context(received_at=delivery.received_at)))
    return sorted(found)
