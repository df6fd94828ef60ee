"""A chunk's records: encoded, compressed, and read again."""

from collections.abc import Sequence

import lz4.block
import msgspec
from mediaops_common.bus import Record
from mediaops_common.events import Topic

__all__ = ["PRODUCER", "TOPICS", "Numbered", "pack_chunk", "to_record", "unpack_chunk"]

PRODUCER = "ingest"
TOPICS = (str(Topic.activity), str(Topic.snapshot))


Numbered = tuple[int, int, int, bytes, bytes]
"""One event of the archive, as it travels: position in TOPICS, slot, seq, key, value. A plain
tuple, since they are made and read by the thousand."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Numbered])


def pack_chunk(records: Sequence[Numbered]) -> bytes:
    packed: bytes = lz4.block.compress(_encoder.encode(records))
    return packed


def unpack_chunk(raw: bytes) -> list[Numbered]:
    return _decoder.decode(lz4.block.decompress(raw))


def to_record(shard: int, numbered: Numbered) -> tuple[str, Record]:
    """The topic and the record that the bus carries."""
    topic, slot, seq, key, value = numbered
    return TOPICS[topic], Record(key, value, PRODUCER, shard, slot, seq)
