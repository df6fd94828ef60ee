"""What an item means: by its adapter, and by the source's mapping where that is asked."""

from typing import NamedTuple

from mediaops_ingest.mappings.compiled import Allowance, CompiledMapping
from mediaops_ingest.platforms.port import Adapter, Context, Draft, Item, ItemFailed, Unmapped

__all__ = ["Interpretation", "interpret"]


class Interpretation(NamedTuple):
    drafts: list[Draft]
    by_mapping: bool = False
    """The drafts belong to the mapping's revision; those of an adapter to revision 0."""


def interpret(
    adapter: Adapter,
    item: Item,
    context: Context,
    mapping: CompiledMapping | None = None,
    allowance: Allowance | None = None,
) -> Interpretation:
    """The drafts of an item; never empty. Raises `ItemFailed`.

    A mapping is asked where the adapter leaves the item unmapped or cannot read it (a partner's
    body that only looks canonical), or first of all when it applies to all. Where it has no rule
    for the item either, what the adapter said stands. `allowance` is that of the item's delivery.
    """
    if mapping is None:
        return Interpretation(adapter.normalise(item, context))
    if mapping.applies_to_all:
        mapped = _mapped(mapping, item, context, allowance)
        return mapped or Interpretation(adapter.normalise(item, context))
    try:
        drafts = adapter.normalise(item, context)
    except ItemFailed:
        mapped = _mapped(mapping, item, context, allowance)
        if mapped is None:
            raise
        return mapped
    if all(isinstance(draft, Unmapped) for draft in drafts):
        return _mapped(mapping, item, context, allowance) or Interpretation(drafts)
    return Interpretation(drafts)


def _mapped(
    mapping: CompiledMapping, item: Item, context: Context, allowance: Allowance | None
) -> Interpretation | None:
    drafts = mapping.apply(item.content, context, allowance)
    if all(isinstance(draft, Unmapped) for draft in drafts):
        return None
    return Interpretation(drafts, by_mapping=True)
