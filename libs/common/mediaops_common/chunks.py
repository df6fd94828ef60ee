"""What a chunk of a partition holds: lanes, heads, and parts of it."""

from collections.abc import Iterable

from mediaops_common.bus.port import Chunk, Record
from mediaops_common.heads import decode_heads
from mediaops_common.lanes import LaneKey, LaneNumbers
from mediaops_common.stalls import MetHeads

__all__ = [
    "end_in",
    "heads_in",
    "is_beyond",
    "is_next",
    "joined",
    "lane_keys",
    "lane_topic",
    "part_of",
]


def lane_topic(topic: str) -> str:
    """The topic whose lanes the records of `topic` belong to: a rebuild's own topic carries the
    records of a live one."""
    return topic.partition(".rebuild.")[0]


def is_next(numbers: LaneNumbers, topic: str, record: Record) -> bool:
    """Whether it is its lane's next number, which is taken then."""
    return record.kind in ("event", "void") and numbers.advance(topic, record)


def is_beyond(numbers: LaneNumbers, topic: str, record: Record) -> bool:
    """Whether the record lies behind a gap of its lane."""
    if record.kind != "event":
        return False
    return record.seq > numbers.last(record.producer, topic, record.shard, record.slot)


def end_in(chunk: Chunk) -> int | None:
    """Where the `end` lies that closes a topic of a rebuild; None where it was not met."""
    if lane_topic(chunk.topic) == chunk.topic:
        return None
    placed = zip(chunk.offsets, chunk.records, strict=True)
    return next((offset for offset, record in placed if record.kind == "end"), None)


def heads_in(chunk: Chunk) -> list[MetHeads]:
    """How far producers say that their lanes go."""
    topic = lane_topic(chunk.topic)
    return [
        MetHeads(topic, chunk.partition, decode_heads(record))
        for record in chunk.records
        if record.kind == "heads"
    ]


def lane_keys(chunks: Iterable[Chunk], heads: Iterable[MetHeads]) -> set[LaneKey]:
    """The lanes that the records and the heads speak of."""
    keys = set()
    for chunk in chunks:
        topic = lane_topic(chunk.topic)
        for record in chunk.records:
            if record.kind in ("event", "void"):
                keys.add((record.producer, topic, record.slot))
    for topic, _partition, told in heads:
        slots = {slot for stream in told.streams for slot in stream.numbers}
        keys |= {(told.producer, topic, int(slot)) for slot in slots}
    return keys


def part_of(chunk: Chunk, start: int, stop: int) -> Chunk:
    """The records from `start` to before `stop`, as a chunk that ends where the next one begins."""
    if (start, stop) == (0, len(chunk.records)):
        return chunk
    whole = stop == len(chunk.records)
    next_offset = chunk.next_offset if whole else chunk.offsets[stop]
    return chunk._replace(
        records=chunk.records[start:stop],
        offsets=chunk.offsets[start:stop],
        next_offset=next_offset,
    )


def joined(first: Chunk, second: Chunk) -> Chunk:
    """Two chunks of a partition that follow each other, as one."""
    return second._replace(
        records=[*first.records, *second.records], offsets=[*first.offsets, *second.offsets]
    )
