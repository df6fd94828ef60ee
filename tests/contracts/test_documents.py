"""What is written about events is what the classes and services say."""

import json
from pathlib import Path
from typing import Any

from mediaops_common.cli.process import load_services
from mediaops_common.events import REGISTRY
from mediaops_common.events.asyncapi import asyncapi
from mediaops_common.events.documentation import events_page

DOCS = Path(__file__).parents[2] / "docs"
STALE = "run `mediaops events --write`"


def test_the_page_of_events_is_fresh() -> None:
    services = list(load_services().values())
    assert (DOCS / "events.md").read_text() == events_page(services), STALE


def test_the_asyncapi_document_is_fresh() -> None:
    services = list(load_services().values())
    assert json.loads((DOCS / "asyncapi.json").read_text()) == asyncapi(services), STALE


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(references(value) for value in node))
    return set()


def test_every_reference_of_the_asyncapi_document_resolves() -> None:
    document = json.loads((DOCS / "asyncapi.json").read_text())
    assert document["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= document["info"].keys()
    for reference in references(document):
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def test_every_operation_names_messages_of_its_own_channel() -> None:
    document = json.loads((DOCS / "asyncapi.json").read_text())
    for operation in document["operations"].values():
        assert operation["action"] in {"send", "receive"}
        channel = operation["channel"]["$ref"]
        assert operation["messages"]
        for message in operation["messages"]:
            assert message["$ref"].startswith(f"{channel}/messages/")
    names = {message["name"] for message in document["components"]["messages"].values()}
    assert names == set(REGISTRY)
