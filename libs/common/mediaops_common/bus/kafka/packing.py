"""A batch of one partition, packed in a thread: filling and compressing it holds up nobody."""

import struct
import time
from collections.abc import Sequence

from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from mediaops_common.bus.kafka.records import to_headers
from mediaops_common.bus.port import Record

__all__ = ["Packed", "pack"]

BATCH_BYTES = 512 * 1024
"""Of one batch before compression."""

NUMBERS, NUMBERS_AT = struct.Struct(">qhi"), 43
"""The producer's id, its epoch and the number of the first record, and where they stand."""
CHECKSUM, CHECKSUM_AT, CHECKED_FROM = struct.Struct(">I"), 17, 21
"""The checksum, where it stands, and from where on it is told."""


class Packed(BatchBuilder):  # type: ignore[misc]
    """What the client takes for a batch. Its own is compressed in the event loop, when it is sent;
    to this one only the producer's numbers are added then."""

    def __init__(self, buffer: bytearray, count: int) -> None:
        self._buffer = buffer
        self._relative_offset = count
        self._closed = True

    def _set_producer_state(self, producer_id: int, epoch: int, first: int) -> None:
        NUMBERS.pack_into(self._buffer, NUMBERS_AT, producer_id, epoch, first)
        checksum = calc_crc32c(memoryview(self._buffer)[CHECKED_FROM:])
        CHECKSUM.pack_into(self._buffer, CHECKSUM_AT, checksum)


def pack(records: Sequence[Record], first: int) -> tuple[Packed, int]:
    """The records from `first` on, as many as a batch takes (one at least), and the place of the
    next one."""
    codec = DefaultRecordBatch.CODEC_ZSTD
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, 0, BATCH_BYTES)
    append, now, count = builder.append, int(time.time() * 1000), 0
    for record in records[first:]:
        if append(count, now, record.key, record.value, to_headers(record)) is None:
            break
        count += 1
    return Packed(builder.build(), count), first + count
