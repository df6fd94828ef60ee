"""A record as Kafka carries it: lane and number travel in headers, the value is the event."""

from collections.abc import Sequence
from typing import Any

from mediaops_common.bus.port import Record

__all__ = ["Headers", "from_headers", "to_headers"]

Headers = Sequence[tuple[str, bytes]]

LANE = "lane"
"""producer/shard/slot/number, with the kind behind it where the record is no event."""

CONTENT_TYPE = ("content-type", b"application/cloudevents+json; charset=UTF-8")
"""By this any CloudEvents reader knows an event in structured mode."""


def to_headers(record: Record) -> Headers:
    """What `from_headers` makes the record of again, beside key and value."""
    producer = record.producer.encode()
    lane = b"%b/%d/%d/%d" % (producer, record.shard, record.slot, record.seq)
    if record.kind == "event":
        return [(LANE, lane), CONTENT_TYPE]
    return [(LANE, b"%b/%b" % (lane, record.kind.encode()))]


def from_headers(key: bytes | None, value: bytes | None, headers: Headers) -> Record | None:
    """The record that was published; None for what is not ours."""
    for name, raw in headers:
        if name == LANE:
            parts: list[Any] = raw.decode("utf-8", "replace").split("/")
            try:
                if len(parts) == 4:
                    producer, shard, slot, seq = parts
                    return Record(
                        key or b"", value or b"", producer, int(shard), int(slot), int(seq)
                    )
                producer, shard, slot, seq, kind = parts
                return Record(
                    key or b"", value or b"", producer, int(shard), int(slot), int(seq), kind
                )
            except ValueError:
                return None
    return None
