"""A chunk's records: encoded, compressed, and read again."""

from collections.abc import Sequence

import lz4.block
import msgspec
from mediaops_common.bus import Record
from mediaops_common.events import Topic

__all__ = ["PRODUCER", "TOPICS", "Archived", "Numbered", "pack_chunk", "to_record", "unpack_chunk"]

PRODUCER = "ingest"
TOPICS = (str(Topic.activity), str(Topic.snapshot))


class Archived(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One numbered event of the archive, as it travels."""

    topic: int
    """Position in TOPICS."""
    slot: int
    seq: int
    key: bytes
    value: bytes


Numbered = tuple[int, int, int, bytes, bytes]
"""The same without its names, as it is made by the thousand."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Archived])


def pack_chunk(records: Sequence[Numbered]) -> bytes:
    packed: bytes = lz4.block.compress(_encoder.encode(records))
    return packed


def unpack_chunk(raw: bytes) -> list[Archived]:
    return _decoder.decode(lz4.block.decompress(raw))


def to_record(shard: int, archived: Archived) -> tuple[str, Record]:
    """The topic and the record that the bus carries."""
    record = Record(archived.key, archived.value, PRODUCER, shard, archived.slot, archived.seq)
    return TOPICS[archived.topic], record
