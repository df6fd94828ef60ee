"""Decides what becomes of each item: normalised, duplicate, conflict, rejected or failed."""

from collections.abc import Mapping
from typing import cast

import msgspec
from mediaops_common.events import SnapshotRecorded, encode

from mediaops_ingest.normaliser.ledger import KnownKey, Ledger, Outcome
from mediaops_ingest.normaliser.reading import ACTIVITY, SOURCE, Output, ReadDelivery, ReadItem

__all__ = ["decide", "delivery_row"]


def decide(
    read: ReadDelivery, timezone: str, known: Mapping[bytes, KnownKey], ledger: Ledger
) -> Outcome:
    """Settles one delivery in the ledger. Deliveries must come in the order of their seq."""
    outcome = Outcome()
    chunks: set[int] = set()
    delivery = read.delivery
    for refused in delivery.rejected:
        outcome.rejected += 1
        outcome.note(refused.index, "rejected", f"{refused.field}: {refused.detail}")
    if read.unreadable is not None:
        outcome.failed += 1
        outcome.note(0, "failed", read.unreadable)
    for item in read.items:
        _decide_item(read, item, known, ledger, outcome, chunks)
    ledger.deliveries.append(delivery_row(read, outcome, sorted(chunks)))
    changes = {name: value for name, value in _counts(outcome).items() if value}
    ledger.count(delivery, timezone, changes, deliveries=1)
    return outcome


def _decide_item(
    read: ReadDelivery,
    item: ReadItem,
    known: Mapping[bytes, KnownKey],
    ledger: Ledger,
    outcome: Outcome,
    chunks: set[int],
) -> None:
    delivery, source = read.delivery, read.source
    assert source is not None
    if item.failure is not None:
        outcome.failed += 1
        field, detail = item.failure
        outcome.note(item.index, "failed", f"{field}: {detail}" if field else detail)
        return
    adapter = source.adapter.declaration.name
    seen = ledger.keys.get(item.key) or known.get(item.key)
    is_correction = False
    if seen is not None:
        # Digests of different adapters are of different forms: only the key says the same act.
        if seen.digest == item.digest or seen.adapter != adapter:
            outcome.duplicates += 1
            return
        if not item.is_snapshot:
            outcome.conflicts += 1
            outcome.note(item.index, "conflict", "the same key came with other content before")
            return
        is_correction = True
    ledger.keys[item.key] = KnownKey(item.digest, adapter, delivery.seq, item.index)
    outcome.normalised += 1
    outcome.unmapped += item.unmapped
    for output in item.outputs:
        chunks.add(emit(read, output, ledger, outcome, is_correction=is_correction))


def emit(
    read: ReadDelivery,
    output: Output,
    ledger: Ledger,
    outcome: Outcome,
    *,
    is_correction: bool = False,
) -> int:
    """Numbers one event; returns the chunk that will hold it."""
    delivery, source = read.delivery, read.source
    assert source is not None
    value = output.value
    if output.topic == ACTIVITY:
        outcome.activities += 1
    else:
        outcome.snapshots += 1
        if is_correction:
            corrected = msgspec.structs.replace(
                cast(SnapshotRecorded, output.event), correction=True
            )
            value = encode(
                corrected,
                source=SOURCE,
                time=output.occurred_at,
                workspace_id=source.workspace_id,
                event_id=str(corrected.id),
            )
    return ledger.number(
        delivery.shard,
        source.workspace_id,
        source.channel_id,
        (output.topic, output.slot, output.key, value, output.occurred_at),
    )


def _counts(outcome: Outcome) -> dict[str, int]:
    return {
        "received": outcome.received,
        "normalised": outcome.normalised,
        "duplicates": outcome.duplicates,
        "conflicts": outcome.conflicts,
        "rejected": outcome.rejected,
        "failed": outcome.failed,
        "unmapped": outcome.unmapped,
        "activities": outcome.activities,
        "retractions": outcome.retractions,
        "snapshots": outcome.snapshots,
    }


def delivery_row(read: ReadDelivery, outcome: Outcome, chunks: list[int]) -> dict[str, object]:
    """The delivery's row: its verdict, its counts, and where its events lie."""
    delivery = read.delivery
    return {
        "id": delivery.id,
        "seq": delivery.seq,
        "workspace_id": delivery.workspace_id,
        "source_id": delivery.source_id,
        "channel_id": delivery.channel_id,
        "shard": delivery.shard,
        "received_at": delivery.received_at,
        "status": outcome.status,
        "reason": outcome.reason,
        "received": outcome.received,
        "normalised": outcome.normalised,
        "duplicates": outcome.duplicates,
        "conflicts": outcome.conflicts,
        "rejected": outcome.rejected,
        "failed": outcome.failed,
        "unmapped": outcome.unmapped,
        "mapping_revision": read.source.mapping_revision if read.source else 0,
        "chunks": chunks,
        "notes": outcome.notes,
    }
