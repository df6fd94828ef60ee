"""A record in Kafka's headers and back; what others wrote is none of ours."""

import pytest
from mediaops_common.bus import Record
from mediaops_common.bus.kafka.records import from_headers, to_headers


@pytest.mark.parametrize("kind", ["event", "heads", "void", "end"])
def test_a_record_comes_back_from_its_headers(kind) -> None:
    record = Record(b"key", b"value", "ingest", 63, 5, 2**62, kind)
    assert from_headers(record.key, record.value, to_headers(record)) == record


def test_an_event_is_known_to_any_reader_of_cloud_events() -> None:
    headers = dict(to_headers(Record(b"", b"{}", "crm", 0, 0, 1)))
    assert headers["content-type"].startswith(b"application/cloudevents+json")


@pytest.mark.parametrize("lane", [b"", b"a/b", b"a/1/2/x", b"a/1/2/3/event/5", b"\xff/1/2/"])
def test_a_foreign_record_is_none(lane) -> None:
    assert from_headers(b"", b"", [("lane", lane)]) is None
    assert from_headers(b"", b"", [("other", b"a/1/2/3")]) is None
