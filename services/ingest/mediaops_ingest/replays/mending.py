"""Takes back what a delivery gave wrongly and records what it should have given."""

from collections import Counter
from datetime import datetime
from typing import Any

import msgspec
from mediaops_common.activity_types import activates
from mediaops_common.events import Activity, ActivityRetracted, Event, SnapshotRecorded, encode
from mediaops_common.ids import slot_of

from mediaops_ingest.normaliser.deciding import decide_item, emit
from mediaops_ingest.normaliser.ledger import Ledger
from mediaops_ingest.normaliser.outcome import Outcome
from mediaops_ingest.normaliser.reading import ACTIVITY, SNAPSHOT, SOURCE, Output
from mediaops_ingest.replays.active_days import ActorDay, actor_day
from mediaops_ingest.replays.comparison import ComparedDelivery
from mediaops_ingest.replays.diff import Change, Standing, output_id

__all__ = ["mend"]


def mend(
    one: ComparedDelivery,
    ledger: Ledger,
    counts: Counter[str],
    active: Counter[ActorDay],
    now: datetime,
) -> list[dict[str, Any]]:
    """Settles the differences in the ledger; returns how the delivery's row changes, if it does."""
    source = one.read.source
    if source is None:  # it cannot be opened: what was read while it could stays
        counts["failed"] += one.unreadable_items
        return []
    outcome, was = _reopened(one), _as_it_was(one)
    before = was.counts()
    outcome.chunks |= set(one.row.chunks)
    for _, diff in one.diffs:
        counts.update(diff.counts)
        for change in diff.changes:
            _change(one, change, ledger, outcome, active, now)
    for item in one.mended:
        normalised = outcome.normalised
        decide_item(one.read, item, one.known, ledger, outcome, known_at=now)
        if outcome.normalised > normalised:
            counts["missing"] += len(item.outputs)
            _note_active(item.outputs, active)
    counts["failed"] += one.unreadable_items
    changes = {name: value - before[name] for name, value in outcome.counts().items()}
    if not any(changes.values()):
        return []
    parts = outcome.parts()
    parts.subtract(was.parts())
    ledger.correct(one.read.delivery, source.context.timezone, changes, parts, outcome.newest)
    return [
        {
            "row_id": one.row.id,
            "new_status": outcome.status,
            "new_reason": outcome.reason,
            "new_received": outcome.received,
            "new_normalised": outcome.normalised,
            "new_duplicates": outcome.duplicates,
            "new_conflicts": outcome.conflicts,
            "new_failed": outcome.failed,
            "new_unmapped": outcome.unmapped,
            "new_revision": source.mapping_revision,
            "new_chunks": sorted(outcome.chunks),
            "new_notes": outcome.notes,
        }
    ]


def _as_it_was(one: ComparedDelivery) -> Outcome:
    row = one.row
    return Outcome(
        normalised=row.normalised,
        duplicates=row.duplicates,
        conflicts=row.conflicts,
        rejected=row.rejected,
        failed=row.failed,
        unmapped=row.unmapped,
        notes=list(row.notes),
    )


def _reopened(one: ComparedDelivery) -> Outcome:
    """The delivery's outcome without the items that are decided anew."""
    outcome = _as_it_was(one)
    outcome.unmapped = one.unmapped
    if not one.mended:
        return outcome
    again = {item.index for item in one.mended}
    if one.was_unreadable:
        outcome.failed = 0
        again |= {0}
    else:
        outcome.failed -= len(again)
    outcome.notes = [n for n in outcome.notes if n[1] != "failed" or n[0] not in again]
    if one.was_unreadable:
        for item in one.failing:
            outcome.failed += 1
            outcome.note(item.index, "failed", item.failure or "")
    return outcome


def _change(
    one: ComparedDelivery,
    change: Change,
    ledger: Ledger,
    outcome: Outcome,
    active: Counter[ActorDay],
    now: datetime,
) -> None:
    """Takes back the old event in its own lane, then records the new one."""
    if change.old is not None:
        if isinstance(change.old, Activity) and activates(change.old):
            active[actor_day(change.old)] -= 1
        event = _retraction(change.old, change.new, active, now)
        if isinstance(change.old, Activity):
            outcome.retractions += 1
        else:
            outcome.snapshots += 1
        outcome.chunks.add(_number(one, event, change.old, ledger, now))
    if change.new is not None:
        emit(one.read, change.new, ledger, outcome, known_at=now)
        _note_active([change.new], active)


def _note_active(outputs: list[Output], active: Counter[ActorDay]) -> None:
    for output in outputs:
        recorded = output.event
        if not isinstance(recorded, SnapshotRecorded) and activates(recorded.activity):
            active[actor_day(recorded.activity)] += 1


def _retraction(
    old: Standing, new: Output | None, active: Counter[ActorDay], now: datetime
) -> Event:
    if isinstance(old, SnapshotRecorded):
        return msgspec.structs.replace(old, is_retraction=True, known_at=now)
    return ActivityRetracted(
        activity=old,
        retracted_at=now,
        reason="replay",
        replaced_by=None if new is None else output_id(new),
        remaining_active=max(active[actor_day(old)], 0),
    )


def _number(
    one: ComparedDelivery, event: Event, old: Standing, ledger: Ledger, now: datetime
) -> int:
    source = one.read.source
    assert source is not None
    if isinstance(old, SnapshotRecorded):
        topic, key, moment = SNAPSHOT, str(old.channel_id).encode(), old.as_of
    else:
        topic, key, moment = ACTIVITY, old.key.encode(), old.occurred_at
    value = encode(event, source=SOURCE, time=now, workspace_id=source.workspace_id)
    return ledger.number(
        one.row.shard,
        source.workspace_id,
        source.channel_id,
        (topic, slot_of(key), key, value, moment),
    )
