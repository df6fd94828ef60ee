"""What must hold of a source's keys and mapping before it is saved."""

from collections.abc import Mapping
from typing import Any

from mediaops_common.http import Invalid

from mediaops_ingest.mappings.compiled import CompiledMapping, compile_mapping
from mediaops_ingest.mappings.values import BadMapping
from mediaops_ingest.platforms.declaration import BadSetting, Settled
from mediaops_ingest.platforms.port import Adapter
from mediaops_ingest.platforms.registry import attachable

__all__ = ["adapter_named", "check_mapping", "settle", "settle_anew"]


def adapter_named(name: str) -> Adapter:
    """Raises Invalid where none of that name can be attached to a channel."""
    for adapter in attachable():
        if adapter.declaration.name == name:
            return adapter
    known = ", ".join(adapter.declaration.name for adapter in attachable())
    raise Invalid("adapter", f"is none of {known}")


def settle(adapter: Adapter, secrets: Mapping[str, Any], config: Mapping[str, Any]) -> Settled:
    """What the adapter makes of the keys; its verifier is tried, so that no source is made that
    could never prove a request. Raises Invalid, naming the key."""
    try:
        settled = adapter.declaration.settle(secrets, config)
        adapter.prepare([settled.secrets], settled.config)
    except BadSetting as error:
        raise Invalid(error.field, error.detail) from None
    return settled


def settle_anew(
    adapter: Adapter,
    current: Mapping[str, Any],
    secrets: Mapping[str, Any],
    config: Mapping[str, Any],
) -> Settled:
    """The set that takes the place of `current`: the given one; where it has no secret in it, the
    current one with what we generate made anew. Raises Invalid, also where nothing is."""
    declaration = adapter.declaration
    given = {name: value for name, value in secrets.items() if value is not None}
    if given.keys() <= {key.name for key in declaration.keys if key.is_setting}:
        given = {**declaration.renewed(current), **given}
    kept = {name: value for name, value in config.items() if name not in given}
    settled = settle(adapter, given, kept)
    # What was made because no proof was given would end the platform's own.
    if not settled.secrets or settled.secrets.keys() - given.keys():
        raise Invalid("secrets", "must bring a new one: the source has none that we generate")
    return settled


def check_mapping(mapping: dict[str, Any]) -> CompiledMapping:
    """Raises Invalid, naming the place in the mapping."""
    try:
        return compile_mapping(mapping)
    except BadMapping as error:
        place = f"mapping.{error.position}".replace("mapping.mapping", "mapping", 1)
        raise Invalid(place, error.detail) from None
