"""One rule of a mapping: when it applies, what it goes over, and the fields it fills."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mediaops_ingest.mappings.expressions import Budget, EvaluationFailed, Expression
from mediaops_ingest.mappings.values import (
    BadMapping,
    BadValue,
    Scope,
    Tables,
    Value,
    compile_value,
    expression_of,
)
from mediaops_ingest.platforms.fields import whole_number
from mediaops_ingest.platforms.port import ItemFailed

__all__ = ["ACTIVITY", "SNAPSHOT", "Form", "Rule", "compile_rule"]

_MAX_KEPT = 50


@dataclass(frozen=True, slots=True)
class Form:
    """What a rule of this kind may fill. A dotted name lies in an object."""

    required: frozenset[str]
    optional: frozenset[str]
    texts: frozenset[str]
    """Whole numbers become text here: platforms write ids both ways."""
    numbers: frozenset[str]
    """The text of a whole number becomes that number here."""
    maps: frozenset[str]
    """Objects with names of the mapping's own choice."""


ACTIVITY = Form(
    required=frozenset({"type", "occurred_at"}),
    optional=frozenset(
        {
            "actor.external_id",
            "actor.union_id",
            "actor.name",
            "content.external_id",
            "count",
            "value.amount_minor",
            "value.currency",
            "text",
            "parent_external_id",
        }
    ),
    texts=frozenset(
        {
            "actor.external_id",
            "actor.union_id",
            "actor.name",
            "content.external_id",
            "text",
            "parent_external_id",
        }
    ),
    numbers=frozenset({"count", "value.amount_minor"}),
    maps=frozenset({"context", "actor.attributes"}),
)

SNAPSHOT = Form(
    required=frozenset({"metric", "value", "kind", "as_of"}),
    optional=frozenset({"day", "content.external_id"}),
    texts=frozenset({"content.external_id"}),
    numbers=frozenset({"value"}),
    maps=frozenset(),
)

_ANCHORS = {"actor": "external_id", "content": "external_id", "value": "amount_minor"}
"""Without this member the whole object is left out: an act without an actor, for example."""


@dataclass(frozen=True, slots=True)
class Rule:
    position: str
    form: Form
    when: Expression | None
    each: Expression | None
    fields: Mapping[str, Value]

    def outputs(self, scope: Scope, budget: Budget) -> Iterator[dict[str, Any]]:
        """The filled-in objects. Raises `ItemFailed` naming the field, and `OutOfBudget`."""
        for inner in self._scopes(scope, budget):
            if self.when is not None and not _is_true(self._ask("when", self.when, inner, budget)):
                continue
            filled = self._fill(inner, budget)
            # No type means that no line of its table knows what this is: not ours to count.
            if self.form is SNAPSHOT or filled.get("type") is not None:
                yield filled

    def _scopes(self, scope: Scope, budget: Budget) -> Iterator[Scope]:
        if self.each is None:
            yield scope
            return
        found = self._ask("each", self.each, scope, budget)
        elements = found if isinstance(found, list) else [] if found is None else [found]
        for index, element in enumerate(elements):
            yield {**scope, "each": element, "index": index}

    def _ask(self, name: str, expression: Expression, scope: Scope, budget: Budget) -> Any:
        try:
            return expression.evaluate(scope, budget)
        except EvaluationFailed as error:
            raise ItemFailed(f"{self.position}.{name}", str(error)) from None

    def _fill(self, scope: Scope, budget: Budget) -> dict[str, Any]:
        filled: dict[str, Any] = {}
        # What stands in the mapping as it is costs no evaluation, and time all the same.
        budget.spend(len(self.fields) >> 2)
        for name, value in self.fields.items():
            try:
                given = self._fitted(name, value.of(scope, budget))
            except (EvaluationFailed, BadValue) as error:
                raise ItemFailed(f"{self.position}.{name}", str(error)) from None
            if given is not None:
                _put(filled, name, given)
        for outer, anchor in _ANCHORS.items():
            inner = filled.get(outer)
            if isinstance(inner, dict) and anchor not in inner:
                del filled[outer]
        return filled

    def _fitted(self, name: str, value: Any) -> Any:
        if name in self.form.texts and isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if name in self.form.numbers and isinstance(value, str):
            number = whole_number(value)
            return value if number is None else number
        return value


def compile_rule(given: Any, position: str, form: Form, tables: Tables) -> Rule:
    """Raises `BadMapping`, naming the place in the mapping."""
    if not isinstance(given, dict):
        raise BadMapping(position, "must be an object")
    fields: dict[str, Value] = {}
    for name, value in _flat(given, form, position):
        if name not in ("when", "each"):
            fields[name] = compile_value(value, f"{position}.{name}", tables)
    for name in sorted(form.required - fields.keys()):
        raise BadMapping(f"{position}.{name}", "is required")
    return Rule(
        position=position,
        form=form,
        when=_condition(given, "when", position),
        each=_condition(given, "each", position),
        fields=fields,
    )


def _condition(given: Mapping[str, Any], name: str, position: str) -> Expression | None:
    text = given.get(name)
    if text is None:
        return None
    if not isinstance(text, str):
        raise BadMapping(f"{position}.{name}", "must be an expression")
    return expression_of(text.removeprefix("="), f"{position}.{name}")


def _flat(
    given: Mapping[str, Any], form: Form, position: str, outer: str = ""
) -> Iterator[tuple[str, Any]]:
    """The fields with dotted names, each known to the form."""
    known = form.required | form.optional
    for key, value in given.items():
        name = f"{outer}{key}"
        if outer.removesuffix(".") in form.maps:
            if len(given) > _MAX_KEPT:
                raise BadMapping(f"{position}.{outer}", f"has more than {_MAX_KEPT} names")
            yield name, value
        elif name in known or (not outer and key in ("when", "each")):
            yield name, value
        elif isinstance(value, dict) and _is_object(name, form):
            yield from _flat(value, form, position, f"{name}.")
        else:
            raise BadMapping(f"{position}.{name}", "is not known here")


def _is_object(name: str, form: Form) -> bool:
    names = form.required | form.optional | form.maps
    return name in form.maps or any(one.startswith(f"{name}.") for one in names)


def _put(filled: dict[str, Any], name: str, value: Any) -> None:
    """Puts a value at a dotted name; in `context` and `attributes` the rest is one name."""
    outer, _, rest = name.partition(".")
    if not rest:
        filled[name] = value
    elif outer == "actor" and rest.startswith("attributes."):
        attributes = filled.setdefault("actor", {}).setdefault("attributes", {})
        attributes[rest.removeprefix("attributes.")] = value
    else:
        filled.setdefault(outer, {})[rest] = value


def _is_true(value: Any) -> bool:
    """As JMESPath sees it: 0 is true; null, false and whatever is empty are not."""
    return not (value is None or value is False or value == "" or value == [] or value == {})
