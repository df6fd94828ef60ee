"""A delivery as a row of a day's file: small parts packed together, large bodies compressed."""

from datetime import datetime
from typing import Any
from uuid import UUID

import lz4.block
import msgspec
from mediaops_common.ids import uuid_of

from mediaops_ingest.delivery_log.port import (
    DeliveryKind,
    LoggedDelivery,
    NewDelivery,
    RejectedItem,
)

__all__ = ["COLUMNS", "HEAD_COLUMNS", "SCHEMA", "Row", "from_head", "from_row", "to_row"]

SCHEMA = """
CREATE TABLE delivery (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    head BLOB NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX ix_delivery_id ON delivery (id);
"""
COLUMNS = "seq, id, head, body"
HEAD_COLUMNS = "seq, id, head"

COMPRESS_ABOVE = 2048
"""Below this LZ4 gains less than it costs (reference: performance, journal bodies)."""

Row = tuple[bytes, bytes, bytes]
"""Id, head and body. The seq is given by who commits it."""


class _Head(msgspec.Struct, array_like=True, gc=False):
    """Everything but seq, id and body. New fields go to the end, with a default."""

    workspace_id: UUID
    source_id: UUID
    channel_id: UUID | None
    shard: int
    adapter: str
    received_at: datetime
    kind: DeliveryKind
    method: str
    path: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    items: int | None
    rejected: list[RejectedItem]
    is_compressed: bool


_encoder = msgspec.msgpack.Encoder(uuid_format="bytes")
_decoder = msgspec.msgpack.Decoder(_Head)


def to_row(delivery: NewDelivery) -> Row:
    body = delivery.body
    is_compressed = len(body) > COMPRESS_ABOVE
    if is_compressed:
        body = lz4.block.compress(body)
    head = (
        delivery.workspace_id,
        delivery.source_id,
        delivery.channel_id,
        delivery.shard,
        delivery.adapter,
        delivery.received_at,
        delivery.kind,
        delivery.method,
        delivery.path,
        delivery.query,
        delivery.headers,
        delivery.items,
        delivery.rejected,
        is_compressed,
    )
    return delivery.id.bytes, _encoder.encode(head), body


def from_row(row: Any) -> LoggedDelivery:
    seq, delivery_id, packed, body = row
    head = _decoder.decode(packed)
    whole = lz4.block.decompress(body) if head.is_compressed else body
    return _delivery(seq, delivery_id, head, whole)


def from_head(row: Any) -> LoggedDelivery:
    """Likewise, with an empty body."""
    seq, delivery_id, packed = row
    return _delivery(seq, delivery_id, _decoder.decode(packed), b"")


def _delivery(seq: int, delivery_id: bytes, head: _Head, body: bytes) -> LoggedDelivery:
    return LoggedDelivery(
        seq=seq,
        id=uuid_of(delivery_id),
        workspace_id=head.workspace_id,
        source_id=head.source_id,
        channel_id=head.channel_id,
        shard=head.shard,
        adapter=head.adapter,
        received_at=head.received_at,
        kind=head.kind,
        method=head.method,
        path=head.path,
        query=head.query,
        headers=head.headers,
        items=head.items,
        rejected=head.rejected,
        body=body,
    )
