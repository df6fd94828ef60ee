"""Opens what is sealed of a source: for whoever proves requests, and for whoever reads them."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from mediaops_common.http import Unavailable
from mediaops_common.keys import SecretBox

from mediaops_ingest.platforms.registry import ADAPTERS
from mediaops_ingest.sources.models import Source, SourceSecret
from mediaops_ingest.sources.opened import Opened, Unopened
from mediaops_ingest.sources.secrets import OpenedSet, SecretsLocked, open_sets

__all__ = ["AdapterUnknown", "open_to_prove", "open_to_read"]

Mapping = dict[str, Any] | None


class AdapterUnknown(Unavailable):
    """A newer version made the source; this one goes while the other comes."""

    title, type = "The adapter is unknown to this version", "adapter-unknown"


def open_to_prove(
    box: SecretBox, source: Source, sets: Sequence[SourceSecret], mapping: Mapping
) -> Opened:
    """Raises SecretsLocked where one of the sets is, and AdapterUnknown: who proves a request must
    not refuse one for want of a secret."""
    adapter = ADAPTERS.get(source.adapter)
    if adapter is None:
        raise AdapterUnknown(f"{source.adapter} is an adapter of another version")
    return Opened(source, adapter, open_sets(box, sets), mapping)


def open_to_read(
    box: SecretBox, source: Source, sets: Sequence[SourceSecret], mapping: Mapping
) -> Opened | Unopened:
    """What was proved before is read with those sets that can be opened."""
    adapter = ADAPTERS.get(source.adapter)
    if adapter is None:
        return Unopened(source, f"{source.adapter} is an adapter of another version")
    secrets: list[OpenedSet] = []
    for one in sets:
        with suppress(SecretsLocked):
            secrets += open_sets(box, [one])
    if sets and not secrets:
        return Unopened(source, "the secrets of its source cannot be opened")
    return Opened(source, adapter, secrets, mapping)
