"""The record's value is a CloudEvent that anybody's library reads."""

from datetime import UTC, datetime

import msgspec
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_structured_event
from cloudevents.core.formats.json import JSONFormat
from mediaops_common.events import REGISTRY, Event, decode, encode
from mediaops_common.events.published import published
from mediaops_common.ids import workspace_id

EVENTS = [pytest.param(cls, id=name) for name, cls in REGISTRY.items()]
AT = datetime(2026, 11, 22, 8, 0, 2, 250_000, tzinfo=UTC)
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def the_example(cls: type[Event]) -> Event:
    return msgspec.convert(published(cls)["examples"][0], cls)


@pytest.mark.parametrize("cls", EVENTS)
def test_the_public_sdk_reads_every_event(cls: type[Event]) -> None:
    event = the_example(cls)
    value = encode(
        event, source="/ingest", time=AT, workspace_id=workspace_id("qinghe"), traceparent=TRACE
    )

    read = JSONFormat().read(None, value)

    assert read.get_specversion() == "1.0"
    assert read.get_type() == f"mediaops.{cls.event_name}.v{cls.event_version}"
    assert read.get_source() == "/ingest"
    assert read.get_time() == AT
    assert read.get_subject() == cls.event_key(event)
    assert read.get_datacontenttype() is None  # left out, which says JSON
    assert read.get_dataschema() == published(cls)["$id"]
    assert read.get_extension("workspaceid") == str(workspace_id("qinghe"))
    assert read.get_extension("traceparent") == TRACE
    assert read.get_data() == published(cls)["examples"][0]


def test_the_public_sdk_reads_it_as_a_structured_kafka_message() -> None:
    event = the_example(REGISTRY["mediaops.activity.recorded.v1"])
    key = type(event).event_key(event)
    value = encode(event, source="/ingest", time=AT, workspace_id=None, event_id="one")
    headers = {"content-type": b"application/cloudevents+json"}

    read = from_structured_event(KafkaMessage(headers, key, value), JSONFormat())

    assert read.get_id() == "one"
    assert read.get_subject() == key


@pytest.mark.parametrize("cls", EVENTS)
def test_we_read_back_what_we_wrote(cls: type[Event]) -> None:
    event = the_example(cls)
    value = encode(event, source="/ingest", time=AT, workspace_id=workspace_id("qinghe"))
    envelope, decoded = decode(value)
    assert decoded == event
    assert envelope.workspaceid == workspace_id("qinghe")


@pytest.mark.parametrize("cls", EVENTS)
def test_fields_and_types_of_a_newer_version_are_ignored(cls: type[Event]) -> None:
    event = the_example(cls)
    value = encode(event, source="/ingest", time=AT, workspace_id=None)
    raw = msgspec.json.decode(value)
    raw["data"]["added_later"] = {"deep": [1]}
    raw["futureextension"] = "x"
    assert decode(msgspec.json.encode(raw))[1] == event
    raw["type"] = raw["type"].replace(".v1", ".v999")
    assert decode(msgspec.json.encode(raw))[1] is None
