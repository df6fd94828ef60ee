"""A whole mapping: compiled once from its document, applied to one item after the other."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from mediaops_ingest.mappings.expressions import Budget, OutOfBudget
from mediaops_ingest.mappings.rules import ACTIVITY, SNAPSHOT, Form, Rule, compile_rule
from mediaops_ingest.mappings.values import BadMapping, Tables
from mediaops_ingest.platforms.batches import place_of
from mediaops_ingest.platforms.canonical import (
    MAX_ITEM_BYTES,
    CanonicalActivity,
    CanonicalSnapshot,
    activity_fault,
    draft_of_activity,
    draft_of_snapshot,
    snapshot_fault,
)
from mediaops_ingest.platforms.port import Context, Draft, ItemFailed, Unmapped
from mediaops_ingest.platforms.strict_json import canonical_json, storable

__all__ = ["MAX_OUTPUTS", "Allowance", "CompiledMapping", "compile_mapping"]

MAX_OUTPUTS = 1000
"""Activities and snapshots of one item."""

MAX_DOCUMENT_BYTES = 65_536
MAX_INPUT_BYTES = 262_144
_MAX_RULES = 50
_STEPS = 120_000
"""Of evaluation per item: well over what 1000 outputs need, about a tenth of a second."""

_STEPS_OF_ALL = 10 * _STEPS
"""For all items of a delivery together, so that many of them cannot hold up their shard."""

_MEMBERS = frozenset({"applies_to", "tables", "activities", "snapshots"})


class Allowance:
    """What a mapping may still do with the items of one delivery."""

    def __init__(self) -> None:
        self.left = _STEPS_OF_ALL


@dataclass(frozen=True, slots=True)
class CompiledMapping:
    applies_to_all: bool
    """Asked before the adapter, instead of only where the adapter knows no meaning."""
    activities: tuple[Rule, ...]
    snapshots: tuple[Rule, ...]

    def apply(
        self, content: Any, context: Context, allowance: Allowance | None = None
    ) -> list[Draft]:
        """The drafts of a decoded item; one `Unmapped` where no rule applies. `allowance` is that
        of its delivery; without one it has one of its own.

        Raises `ItemFailed`, naming the place in the mapping.
        """
        allowance = allowance or Allowance()
        if not isinstance(content, dict | list):
            return [Unmapped("only objects and arrays can be mapped")]
        if len(canonical_json(content)) > MAX_INPUT_BYTES:
            raise ItemFailed("", f"is longer than {MAX_INPUT_BYTES} bytes, too long for a mapping")
        scope = {
            "item": content,
            "each": None,
            "index": 0,
            "received_at": context.received_at.isoformat(),
        }
        budget = Budget(min(_STEPS, allowance.left))
        try:
            drafts = list(self._drafts(scope, budget, context))
        except OutOfBudget as error:
            raise ItemFailed("mapping", str(error)) from None
        finally:
            allowance.left = max(0, allowance.left - budget.used)
        return drafts or [Unmapped("no rule of the mapping applies")]

    def _drafts(self, scope: dict[str, Any], budget: Budget, context: Context) -> Iterable[Draft]:
        made = 0
        for rule in (*self.activities, *self.snapshots):
            for filled in rule.outputs(scope, budget):
                made += 1
                if made > MAX_OUTPUTS:
                    raise ItemFailed(rule.position, f"makes more than {MAX_OUTPUTS} outputs")
                yield _draft(rule, filled, context)


def _draft(rule: Rule, filled: dict[str, Any], context: Context) -> Draft:
    raw = storable(filled)
    if isinstance(raw, tuple):
        raise ItemFailed(f"{rule.position}.{raw[0]}", f"holds {raw[1]}")
    if len(raw) > MAX_ITEM_BYTES:
        raise ItemFailed(rule.position, f"is longer than {MAX_ITEM_BYTES} bytes")
    try:
        if rule.form is SNAPSHOT:
            snapshot = msgspec.convert(filled, CanonicalSnapshot)
            wrong = snapshot_fault(snapshot, context.received_at)
            draft: Draft = draft_of_snapshot(snapshot)
        else:
            activity = msgspec.convert(filled, CanonicalActivity)
            wrong = activity_fault(activity, context.received_at)
            draft = draft_of_activity(activity, {}, context)
    except msgspec.ValidationError as error:
        place, detail = place_of(error)
        raise ItemFailed(f"{rule.position}.{place}", detail) from None
    if wrong:
        raise ItemFailed(f"{rule.position}.{wrong[0]}", wrong[1])
    return draft


def compile_mapping(document: Any) -> CompiledMapping:
    """Checks a mapping as its user wrote it. Raises `BadMapping` naming the place."""
    if not isinstance(document, dict):
        raise BadMapping("mapping", "must be an object")
    if len(canonical_json(document)) > MAX_DOCUMENT_BYTES:
        raise BadMapping("mapping", f"is longer than {MAX_DOCUMENT_BYTES} bytes")
    for name in document.keys() - _MEMBERS:
        raise BadMapping(f"mapping.{name[:80]}", "is not known here")
    applies_to = document.get("applies_to", "unmapped")
    if applies_to not in ("unmapped", "all"):
        raise BadMapping("applies_to", "must be unmapped or all")
    tables = _tables(document.get("tables", {}))
    compiled = CompiledMapping(
        applies_to_all=applies_to == "all",
        activities=_rules(document, "activities", ACTIVITY, tables),
        snapshots=_rules(document, "snapshots", SNAPSHOT, tables),
    )
    if not compiled.activities and not compiled.snapshots:
        raise BadMapping("activities", "a mapping needs at least one rule")
    return compiled


def _rules(document: dict[str, Any], name: str, form: Form, tables: Tables) -> tuple[Rule, ...]:
    given = document.get(name, [])
    if not isinstance(given, list) or len(given) > _MAX_RULES:
        raise BadMapping(name, f"must be a list of at most {_MAX_RULES} rules")
    return tuple(
        compile_rule(one, f"{name}[{place}]", form, tables) for place, one in enumerate(given)
    )


def _tables(given: Any) -> Tables:
    if not isinstance(given, dict):
        raise BadMapping("tables", "must be an object")
    for name, table in given.items():
        if not isinstance(table, dict):
            raise BadMapping(f"tables.{name}", "must be an object")
        for key, value in table.items():
            if not isinstance(value, str | int | float | None):
                raise BadMapping(f"tables.{name}.{key}", "must be text or a number")
    return given
