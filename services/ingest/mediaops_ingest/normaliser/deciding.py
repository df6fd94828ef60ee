"""Decides what becomes of each item: normalised, duplicate, conflict, rejected or failed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from mediaops_common.events import Activity, ActivityRecorded, SnapshotRecorded, encode
from mediaops_common.platforms import lateness
from msgspec.structs import replace

from mediaops_ingest.normaliser.ledger import KnownKey, Ledger
from mediaops_ingest.normaliser.outcome import Outcome
from mediaops_ingest.normaliser.reading import (
    ACTIVITY,
    SOURCE,
    Output,
    ReadDelivery,
    ReadItem,
    trace_of,
)

__all__ = ["decide", "decide_item", "emit", "fate_of", "owner_of"]

Fate = Literal["normalised", "duplicate", "conflict", "failed"]


def decide(
    read: ReadDelivery, timezone: str, known: Mapping[bytes, KnownKey], ledger: Ledger
) -> None:
    """Settles one delivery in the ledger. Deliveries must come in the order of their seq."""
    outcome = Outcome()
    delivery = read.delivery
    for refused in delivery.rejected:
        outcome.rejected += 1
        outcome.note(refused.index, "rejected", f"{refused.field}: {refused.detail}")
    if read.unreadable is not None:
        outcome.failed += 1
        outcome.note(0, "failed", read.unreadable)
    for item in read.items:
        decide_item(read, item, known, ledger, outcome)
    revision = 0 if read.source is None else read.source.mapping_revision
    ledger.settle(delivery, outcome, timezone, revision)


def decide_item(
    read: ReadDelivery,
    item: ReadItem,
    known: Mapping[bytes, KnownKey],
    ledger: Ledger,
    outcome: Outcome,
    *,
    known_at: datetime | None = None,
) -> None:
    """Gives the item its one outcome, and numbers its events.

    Its key comes first: a repeat is a repeat, also where a mapping cannot read it any more.
    `known_at` is the moment of a replay that decides it anew.
    """
    delivery, source = read.delivery, read.source
    assert source is not None
    seen = ledger.keys.get(item.key) or known.get(item.key)
    fate = fate_of(read, item, seen)
    if fate == "duplicate":
        outcome.duplicates += 1
        return
    if fate == "conflict":
        outcome.conflicts += 1
        outcome.note(item.index, "conflict", "the same key came with other content")
        return
    if fate == "failed":
        outcome.failed += 1
        outcome.note(item.index, "failed", item.failure or "")
        return
    ledger.keys[item.key] = owner_of(read, item)
    outcome.normalised += 1
    outcome.unmapped += item.unmapped
    is_correction = seen is not None
    for output in item.outputs:
        if output.topic == ACTIVITY:
            late = lateness(source.context.platform)
            outcome.note_activity(output.occurred_at, delivery.received_at, late)
        emit(read, output, ledger, outcome, is_correction=is_correction, known_at=known_at)


def fate_of(read: ReadDelivery, item: ReadItem, seen: KnownKey | None) -> Fate:
    """What becomes of an item whose key is known by `seen`."""
    assert read.source is not None
    if seen is not None:
        # Digests of different adapters are of different forms: only the key says the same act.
        if seen.digest == item.digest or seen.adapter != read.source.adapter.declaration.name:
            return "duplicate"
        # What came since corrects what a replay can read only now, and not the other way.
        is_late = (seen.seq, seen.item) > (read.delivery.seq, item.index)
        if is_late or not item.is_snapshot:
            return "conflict"
    return "normalised" if item.failure is None else "failed"


def owner_of(read: ReadDelivery, item: ReadItem) -> KnownKey:
    """What the key of a normalised item is known by from then on."""
    assert read.source is not None
    adapter = read.source.adapter.declaration.name
    return KnownKey(item.digest, adapter, read.delivery.seq, item.index)


def emit(
    read: ReadDelivery,
    output: Output,
    ledger: Ledger,
    outcome: Outcome,
    *,
    is_correction: bool = False,
    known_at: datetime | None = None,
) -> None:
    """Numbers one event, and notes in which chunk it will lie."""
    source = read.source
    assert source is not None
    value = output.value
    if output.topic == ACTIVITY:
        outcome.activities += 1
    else:
        outcome.snapshots += 1
    if is_correction or known_at is not None:
        value = _encoded(read, output, is_correction, known_at)
    chunk = ledger.number(
        read.delivery.shard,
        source.workspace_id,
        source.channel_id,
        (output.topic, output.slot, output.key, value, output.occurred_at),
    )
    outcome.chunks.add(chunk)


def _encoded(
    read: ReadDelivery, output: Output, is_correction: bool, known_at: datetime | None
) -> bytes:
    """The event anew, with what its item alone does not say."""
    source, event = read.source, output.event
    assert source is not None
    fact: Activity | SnapshotRecorded
    if isinstance(event, SnapshotRecorded):
        fact = event = replace(event, correction=is_correction, known_at=known_at)
    else:
        fact = replace(event.activity, known_at=known_at)
        event = ActivityRecorded(activity=fact)
    return encode(
        event,
        source=SOURCE,
        time=output.occurred_at,
        workspace_id=source.workspace_id,
        event_id=fact.id,
        traceparent=trace_of(read.delivery),
    )
