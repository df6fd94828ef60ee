"""What was published stays: within a version only optional fields are added."""

import json
from typing import Any

import jsonschema
import msgspec
import pytest
from mediaops_common.events import REGISTRY, Event
from mediaops_common.events.published import FOLDER, breaks, published, schema_of

EVENTS = [pytest.param(cls, id=name) for name, cls in REGISTRY.items()]


@pytest.mark.parametrize("cls", EVENTS)
def test_a_published_schema_loses_nothing_and_asks_for_nothing_new(cls: type[Event]) -> None:
    before = published(cls)
    assert breaks(before, schema_of(cls, before["examples"])) == []


@pytest.mark.parametrize("cls", EVENTS)
def test_what_is_published_is_what_the_class_says(cls: type[Event]) -> None:
    before = published(cls)
    assert schema_of(cls, before["examples"]) == before, "run `mediaops events --write`"


def test_every_published_schema_has_its_class() -> None:
    files = {path.name for path in FOLDER.glob("*.json")}
    assert files == {f"{name.removeprefix('mediaops.')}.json" for name in REGISTRY}


@pytest.mark.parametrize("cls", EVENTS)
def test_an_example_decodes_keeps_its_values_and_names_every_field(cls: type[Event]) -> None:
    for example in published(cls)["examples"]:
        event = msgspec.json.decode(json.dumps(example).encode(), type=cls, strict=True)
        assert json.loads(msgspec.json.encode(event)) == example


@pytest.mark.parametrize("cls", EVENTS)
def test_an_example_satisfies_its_schema(cls: type[Event]) -> None:
    schema = published(cls)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    validator = jsonschema.Draft202012Validator(schema, format_checker=checker)
    for example in schema["examples"]:
        validator.validate(example)


def the_schema(**changes: Any) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "title": {"type": "string"},
        "note": {"type": "string", "default": ""},
    }
    thing = {"type": "object", "properties": properties, "required": ["title"]}
    return {"$ref": "#/$defs/Thing", "$defs": {"Thing": {**thing, **changes}}}


KEPT = {"title": {"type": "string"}, "note": {"type": "string", "default": ""}}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"properties": {"title": KEPT["title"]}}, "Thing.note is gone"),
        ({"properties": {"title": KEPT["title"], "remark": KEPT["note"]}}, "Thing.note is gone"),
        ({"required": ["title", "note"]}, "Thing.note is newly required"),
        ({"properties": {**KEPT, "title": {"type": "integer"}}}, "Thing.title has another type"),
    ],
    ids=["lost", "renamed", "newly required", "another type"],
)
def test_a_change_that_readers_would_stumble_over_is_named(
    changes: dict[str, Any], reason: str
) -> None:
    assert breaks(the_schema(), the_schema(**changes)) == [reason]


def test_a_part_that_is_gone_is_named() -> None:
    before = the_schema()
    before["$defs"]["Part"] = {"type": "object", "properties": {}}
    assert breaks(before, the_schema()) == ["Part is gone"]


def test_an_optional_field_and_better_words_may_be_added() -> None:
    better = {
        "title": {"type": "string", "description": "As people read it."},
        "note": {"type": "string", "default": "-"},
        "colour": {"type": "string", "default": "red"},
    }
    assert breaks(the_schema(), the_schema(properties=better, description="A thing.")) == []
