"""The published form of every event: a frozen JSON schema with one realistic example."""

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import msgspec

from mediaops_common.events.base import REGISTRY, SCHEMAS, Event, type_of

__all__ = ["FOLDER", "attribute_docs", "breaks", "publish", "published", "schema_of", "schemas_of"]

FOLDER = Path(__file__).parent / "schemas"

Schema = dict[str, Any]

TOLD = frozenset({"title", "description", "default", "examples", "$id", "$schema"})
"""What a schema says to people only: it may be mended within a version."""


def published(cls: type[Event]) -> Schema:
    """The schema as it was published. Exits when there is none."""
    try:
        found: Schema = json.loads(_path(cls).read_text())
    except FileNotFoundError:
        raise SystemExit(f"{type_of(cls)} is not published: {_HOW.format(_path(cls))}") from None
    return found


_HOW = 'write {{"examples": [{{…}}]}} into {} and run `mediaops events --write`'


def schema_of(cls: type[Event], examples: Sequence[Any]) -> Schema:
    """The schema of the class as it is now."""
    (reference,), components = schemas_of([cls], "#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{SCHEMAS}{_path(cls).name}",
        "title": type_of(cls),
        **reference,
        "$defs": components,
        "examples": list(examples),
    }


def schemas_of(
    classes: Sequence[type[Event]], template: str
) -> tuple[tuple[Schema, ...], dict[str, Schema]]:
    """References to the classes' schemas, and the schemas with their fields explained."""
    references, components = msgspec.json.schema_components(classes, ref_template=template)
    for struct in _structs(classes):
        component = components[struct.__name__]
        if "description" in component:
            component["description"] = inspect.cleandoc(component["description"])
        told = attribute_docs(struct)
        for field in msgspec.structs.fields(struct):
            shown = component["properties"][field.encode_name]
            if datetime in (field.type, *get_args(field.type)):
                _as_moment(shown)
            if field.name in told:
                shown["description"] = told[field.name]
    return references, dict(sorted(components.items()))


def _as_moment(shown: Schema) -> None:
    for part in (shown, *shown.get("anyOf", ())):
        if part.get("type") == "string":
            part["format"] = "date-time"


def _structs(classes: Sequence[type[Event]]) -> Iterator[type[msgspec.Struct]]:
    """The classes, and every struct that one of them holds."""
    seen: set[type[msgspec.Struct]] = set()
    waiting: list[Any] = list(classes)
    while waiting:
        one = waiting.pop()
        waiting += get_args(one)
        if isinstance(one, type) and issubclass(one, msgspec.Struct) and one not in seen:
            seen.add(one)
            waiting += [field.type for field in msgspec.structs.fields(one)]
            yield one


@cache
def attribute_docs(cls: type) -> Mapping[str, str]:
    """attribute → the docstring below it in the source, the class's own or an inherited one."""
    told: dict[str, str] = {}
    for one in reversed(cls.__mro__):
        if not one.__module__.startswith("mediaops_"):
            continue
        (declaration,) = ast.parse(textwrap.dedent(inspect.getsource(one))).body
        assert isinstance(declaration, ast.ClassDef)
        body = declaration.body
        for above, below in pairwise(body):
            match above, below:
                case (
                    ast.AnnAssign(target=ast.Name(id=name))
                    | ast.Assign(targets=[ast.Name(id=name)]),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ):
                    told[name] = " ".join(text.split())
    return told


def breaks(before: Schema, now: Schema) -> list[str]:
    """What a reader of the published schema would stumble over: the reasons for a new version.

    Within a version only optional fields may be added.
    """
    found = []
    if "$ref" in before and before["$ref"] != now["$ref"]:
        found.append(f"{before['$ref']} became {now['$ref']}")
    for name, old in before.get("$defs", {}).items():
        new = now["$defs"].get(name)
        if new is None:
            found.append(f"{name} is gone")
            continue
        for field, shown in old.get("properties", {}).items():
            if field not in new["properties"]:
                found.append(f"{name}.{field} is gone")
            elif _shape(shown) != _shape(new["properties"][field]):
                found.append(f"{name}.{field} has another type")
        required = set(new.get("required", ())) - set(old.get("required", ()))
        found += [f"{name}.{field} is newly required" for field in sorted(required)]
    return found


def _shape(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {key: _shape(value) for key, value in schema.items() if key not in TOLD}
    if isinstance(schema, list):
        return [_shape(value) for value in schema]
    return schema


def publish() -> list[Path]:
    """Writes the schema of every event beside its example; returns what changed.

    Exits, and writes nothing, when an event has no example or when a change breaks its readers.
    """
    wanted: dict[Path, str] = {}
    for cls in REGISTRY.values():
        before = published(cls)
        now = schema_of(cls, before["examples"])
        if found := breaks(before, now):
            raise SystemExit(f"{type_of(cls)}: {'; '.join(found)}: this needs a new version")
        wanted[_path(cls)] = json.dumps(now, ensure_ascii=False, indent=2) + "\n"
    changed = [path for path, text in wanted.items() if path.read_text() != text]
    for path in changed:
        path.write_text(wanted[path])
    return changed


def _path(cls: type[Event]) -> Path:
    return FOLDER / f"{cls.event_name}.v{cls.event_version}.json"
