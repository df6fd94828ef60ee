"""Opens what is sealed of sources: for whoever proves requests, and for whoever reads them."""

from collections.abc import Collection
from contextlib import suppress
from typing import Any

from mediaops_common.http import Unavailable
from mediaops_common.keys import SecretBox
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.platforms.registry import ADAPTERS
from mediaops_ingest.sources import repository
from mediaops_ingest.sources.models import Source
from mediaops_ingest.sources.opened import Opened, Unopened
from mediaops_ingest.sources.secrets import OpenedSet, SecretsLocked, open_sets

__all__ = ["AdapterUnknown", "mapping_of", "open_source", "open_to_read"]


class AdapterUnknown(Unavailable):
    """A newer version made the source; this one goes while the other comes."""

    title, type = "The adapter is unknown to this version", "adapter-unknown"


async def open_source(session: AsyncSession, box: SecretBox, source: Source) -> Opened:
    """Its secrets in clear and its newest mapping. Raises SecretsLocked where one of its sets is,
    and AdapterUnknown: who proves a request must not refuse one for want of a secret."""
    adapter = ADAPTERS.get(source.adapter)
    if adapter is None:
        raise AdapterUnknown(f"{source.adapter} is an adapter of another version")
    sets = await repository.secret_sets_of(session, [source.id])
    secrets = open_sets(box, sets.get(source.id, []))
    return Opened(source, adapter, secrets, await mapping_of(session, source))


async def open_to_read(
    session: AsyncSession, box: SecretBox, sources: Collection[Source]
) -> list[Opened | Unopened]:
    """Likewise of several, in their order, for who reads what was proved before: with those sets
    that can be opened. One that cannot be opened at all stops none of the others."""
    sets = await repository.secret_sets_of(session, [source.id for source in sources])
    found: list[Opened | Unopened] = []
    for source in sources:
        adapter, its = ADAPTERS.get(source.adapter), sets.get(source.id, [])
        secrets: list[OpenedSet] = []
        for one in its:
            with suppress(SecretsLocked):
                secrets += open_sets(box, [one])
        if adapter is None:
            found.append(Unopened(source, f"{source.adapter} is an adapter of another version"))
        elif its and not secrets:
            found.append(Unopened(source, "the secrets of its source cannot be opened"))
        else:
            found.append(Opened(source, adapter, secrets, await mapping_of(session, source)))
    return found


async def mapping_of(session: AsyncSession, source: Source) -> dict[str, Any] | None:
    """The newest mapping; None where there is none."""
    if not source.mapping_revision:
        return None
    found = await repository.find_mapping(session, source.id, source.mapping_revision)
    return None if found is None else found.mapping
