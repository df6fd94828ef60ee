"""`docs/events.md`: every event in words, with its fields, who sends it and who listens."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mediaops_common.events.base import REGISTRY, Event, Topic, type_of
from mediaops_common.events.parties import PUBLISHERS, listeners
from mediaops_common.events.published import attribute_docs, schemas_of

if TYPE_CHECKING:
    from mediaops_common.service import Service

__all__ = ["events_page", "overview"]

INTRODUCTION = """\
# Events

Written by `mediaops events --write` from the classes in `libs/common/mediaops_common/events/`.
The same as AsyncAPI 3.0: [asyncapi.json](asyncapi.json).

A record's value is one CloudEvents 1.0 event in structured JSON: `id`, `source` (`/` and the
service), `type`, `time`, `subject` (the key), `workspaceid`, `dataschema`, `traceparent`, `data`.
The key chooses the slot (`crc32(key) mod 64`) and so the lane, in which numbers have no holes.

Beside events a topic carries three kinds of records that are no events: `heads` (the last number
of each lane, so that a loss is seen), `void` (a number whose event cannot be published) and `end`
(closes a topic that a rebuild reads).

Within a version only optional fields are added. Listeners ignore fields and types that they do not
know. How to add one: [guides/add-an-event.md](guides/add-an-event.md).
"""


def overview(services: "Sequence[Service]") -> list[dict[str, Any]]:
    """One row an event: what `mediaops events` prints."""
    heard = listeners(services)
    return [
        {
            "type": type_of(cls),
            "topic": str(cls.event_topic),
            "sent_by": PUBLISHERS[cls.event_topic],
            "heard_by": heard[cls],
            "about": _summary(cls),
        }
        for cls in REGISTRY.values()
    ]


def events_page(services: "Sequence[Service]") -> str:
    """The whole page."""
    heard = listeners(services)
    classes = list(REGISTRY.values())
    _, schemas = schemas_of(classes, "#{name}")
    own = {cls.__name__ for cls in classes}
    lines = [INTRODUCTION, "## Topics", "", "| topic | sent by | carries |", "|---|---|---|"]
    told = attribute_docs(Topic)
    lines += [f"| `{t}` | {PUBLISHERS[t]} | {told[t.name]} |" for t in Topic]
    for topic in Topic:
        lines += ["", f"## `{topic}`"]
        for cls in classes:
            if cls.event_topic is topic:
                lines += _section(cls, heard[cls], schemas[cls.__name__])
    lines += ["", "## Parts"]
    for name, schema in schemas.items():
        if name not in own:
            about = f"\n{_paragraphs(schema['description'])}\n" if "description" in schema else ""
            lines += ["", f"### {name}", about, *_fields(schema)]
    return "\n".join(lines) + "\n"


def _section(cls: type[Event], heard: Sequence[str], schema: dict[str, Any]) -> Iterator[str]:
    file = f"{cls.event_name}.v{cls.event_version}.json"
    place = f"../libs/common/mediaops_common/events/schemas/{file}"
    yield from ("", f"### `{type_of(cls)}`", "", _paragraphs(schema.get("description", "")), "")
    listening = ", ".join(f"`{group}`" for group in heard) or "nobody yet"
    yield f"Sent by {PUBLISHERS[cls.event_topic]}, heard by {listening}."
    yield f"[Schema and example]({place})."
    yield ""
    yield from _fields(schema)


def _summary(cls: type[Event]) -> str:
    return (cls.__doc__ or "").strip().partition("\n")[0]


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    yield "| field | type | |"
    yield "|---|---|---|"
    required = schema.get("required", ())
    for name, field in schema["properties"].items():
        notes = [] if name in required else [f"optional, {_default(field)}"]
        if "description" in field:
            notes.insert(0, field["description"])
        yield f"| `{name}` | {_type(field)} | {' · '.join(notes)} |"


def _default(field: dict[str, Any]) -> str:
    value = field.get("default")
    return f"`{value!r}`" if value not in (None, {}, "") else "else empty"


def _type(field: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_type(part) for part in field["anyOf"])
    if "$ref" in field:
        name = field["$ref"].removeprefix("#")
        return f"[{name}](#{name.lower()})"
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    named = {"uuid": "uuid", "date": "day", "date-time": "moment"}
    shown: str = named.get(field.get("format", ""), field.get("type", "any"))
    return shown
