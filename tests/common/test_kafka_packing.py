"""Batches as Kafka takes them, read back by the client."""

import os

from aiokafka.record.default_records import DefaultRecordBatch
from mediaops_common.bus import Record
from mediaops_common.bus.kafka.packing import BATCH_BYTES, Packed, pack
from mediaops_common.bus.kafka.records import from_headers


def a_record(n: int, size: int = 100) -> Record:
    return Record(b"k", os.urandom(size), "tests", 3, 5, n)


def sent(batch: Packed) -> DefaultRecordBatch:
    batch._set_producer_state(2**40, 3, 700)
    return DefaultRecordBatch(bytes(batch._build()))


def test_a_batch_is_whole_when_the_producer_has_numbered_it() -> None:
    records = [a_record(n) for n in range(10)]
    packed, following = pack(records, 4)
    assert (packed.record_count(), following) == (6, 10)
    batch = sent(packed)
    assert batch.validate_crc()
    assert (batch.producer_id, batch.producer_epoch, batch.base_sequence) == (2**40, 3, 700)
    assert [from_headers(r.key, r.value, r.headers) for r in batch] == records[4:]


def test_batches_follow_each_other_without_a_hole() -> None:
    records = [a_record(n, BATCH_BYTES // 3) for n in range(5)]
    records.insert(1, a_record(9, 2 * BATCH_BYTES))
    place, read = 0, []
    while place < len(records):
        packed, place = pack(records, place)
        read += [from_headers(r.key, r.value, r.headers) for r in sent(packed)]
    assert read == records
