"""Heads: what a producer says of the last numbers of its lanes, so that no loss stays silent."""

from datetime import datetime

import msgspec

from mediaops_common.bus.port import Record

__all__ = ["Heads", "Stream", "decode_heads", "heads_record"]


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """One relay under one fencing number: the state of one shard's lanes in one partition."""

    shard: int
    fence: int
    numbers: dict[str, int]
    """slot → last number before the relay's cursor; slots of this partition only."""
    floors: dict[str, int] = {}
    """slot → the lowest number that can still be published, where that is not the first."""
    through: datetime | None = None
    """Everything that was received up to here is before the cursor."""


class Heads(msgspec.Struct, frozen=True, kw_only=True):
    """What one producer says at one moment."""

    producer: str
    streams: list[Stream]


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Heads)


def heads_record(producer: str, streams: list[Stream]) -> Record:
    """The record that tells the heads; it only reveals loss and never moves a number."""
    value = _encoder.encode(Heads(producer=producer, streams=streams))
    return Record(b"", value, producer, 0, 0, 0, "heads")


def decode_heads(record: Record) -> Heads:
    """The heads; of a record that cannot be read, none: the next tells the same."""
    try:
        return _decoder.decode(record.value)
    except msgspec.DecodeError:
        return Heads(producer=record.producer, streams=[])
