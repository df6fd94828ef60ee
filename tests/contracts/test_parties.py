"""Every event is sent by somebody and heard by somebody, or it is said why not."""

import ast
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from mediaops_common.cli.process import load_services
from mediaops_common.events import REGISTRY, Event, LaneStalled, RebuildRequested
from mediaops_common.events.parties import PUBLISHERS, listeners

EVENTS = [pytest.param(cls, id=name) for name, cls in REGISTRY.items()]

UNHEARD = {
    "mediaops.content.revision.created.v1": "a listener for it comes with the content workflow; "
    "until then partners may subscribe",
    "mediaops.crm.profile.lifecycle_changed.v1": "for subscribers outside and for the history of "
    "a profile; no number depends on it",
    "mediaops.content.content.saved.v1": "publications carry the title that numbers are shown "
    "with; for subscribers outside",
    "mediaops.ingest.audience.recorded.v1": "portraits are compared where they are kept; for "
    "subscribers outside",
    "mediaops.ingest.channel.silent.v1": "for whoever is to be called, through a subscription; "
    "the health of the channel shows it as well",
    "mediaops.ingest.channel.heard.v1": "the end of a silence, for whoever was called",
}
"""Type → why nobody listens yet. Goes when somebody does."""

SENT_BY_COMMON = {LaneStalled: "stalls.py", RebuildRequested: "rebuild.py"}
"""What every service sends through common, where the class is found by the service's name."""


def sources_of(package: str) -> list[Path]:
    root = Path(import_module(package).__file__ or "").parent
    return [path for path in root.rglob("*.py") if "migrations" not in path.parts]


@cache
def made_in(package: str) -> set[str]:
    """The names that are called somewhere in the package."""
    found = set()
    for path in sources_of(package):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                found.add(node.func.id)
    return found


@pytest.mark.parametrize("cls", EVENTS)
def test_every_event_is_made_by_the_publisher_of_its_topic(cls: type[Event]) -> None:
    publisher = PUBLISHERS[cls.event_topic]
    for shared, file in SENT_BY_COMMON.items():
        if issubclass(cls, shared):
            path = Path(import_module("mediaops_common").__file__ or "").parent / file
            suffix = cls.event_name.removeprefix(publisher)
            assert f'f"mediaops.{{service}}{suffix}.v{cls.event_version}"' in path.read_text()
            return
    assert cls.__name__ in made_in(f"mediaops_{publisher}")


@pytest.mark.parametrize("cls", EVENTS)
def test_no_other_service_makes_it(cls: type[Event]) -> None:
    others = {"ingest", "content", "crm", "insights"} - {PUBLISHERS[cls.event_topic]}
    assert [name for name in others if cls.__name__ in made_in(f"mediaops_{name}")] == []


@pytest.mark.parametrize(("name", "cls"), REGISTRY.items(), ids=list(REGISTRY))
def test_every_event_is_heard_or_it_is_said_why_not(name: str, cls: type[Event]) -> None:
    heard = listeners(list(load_services().values()))[cls]
    if name in UNHEARD:
        assert heard == [], f"somebody listens to {name} now: take it out of UNHEARD"
    else:
        assert heard, f"nobody listens to {name}: say why in UNHEARD"
