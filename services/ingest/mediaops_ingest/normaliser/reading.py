"""Reads deliveries: from raw bytes to encoded events, without touching a database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from mediaops_common.bus.port import LARGEST_VALUE
from mediaops_common.context import TRACEPARENT
from mediaops_common.events import (
    Activity,
    ActivityRecorded,
    ContentRef,
    SnapshotRecorded,
    encode,
)
from mediaops_common.events.activity import actor_key
from mediaops_common.ids import slot_of

from mediaops_ingest.archive.chunks import TOPICS
from mediaops_ingest.delivery_log.port import LoggedDelivery
from mediaops_ingest.mappings.compiled import Allowance, CompiledMapping
from mediaops_ingest.mappings.interpret import interpret
from mediaops_ingest.platforms.identity import Scope, canonical_digest, key_of
from mediaops_ingest.platforms.port import (
    ActivityDraft,
    Adapter,
    Context,
    Draft,
    Item,
    ItemFailed,
    Request,
    SecretSet,
    SnapshotDraft,
    Unmapped,
    Unreadable,
)

__all__ = [
    "ACTIVITY",
    "SNAPSHOT",
    "SOURCE",
    "LockedView",
    "Output",
    "ReadDelivery",
    "ReadItem",
    "SourceView",
    "read_delivery",
    "trace_of",
]

ACTIVITY, SNAPSHOT = 0, 1
SOURCE = "/ingest"

LARGEST_EVENT = LARGEST_VALUE - (1 << 20)
"""A longer one could not be published; what wraps it later, such as a retraction, is longer yet."""


@dataclass(frozen=True, slots=True)
class SourceView:
    """What the normaliser knows of a source: enough to read what came through it."""

    id: UUID
    workspace_id: UUID
    channel_id: UUID
    adapter: Adapter
    scope: Scope
    secrets: Sequence[SecretSet]
    """Live and retired ones, newest first: old deliveries must stay readable."""
    config: dict[str, Any]
    mapping_revision: int
    mapping: CompiledMapping | None
    context: Context
    """With any `received_at`: it is replaced for each delivery."""
    workspace: str
    """The workspace's id as text: the keys of its actors begin with it."""


@dataclass(frozen=True, slots=True)
class LockedView:
    """Of a source that cannot be opened: what comes through it fails, and a replay mends it."""

    reason: str


class Output(msgspec.Struct, frozen=True, gc=False):
    """One event, encoded and ready to be numbered."""

    topic: int
    slot: int
    key: bytes
    value: bytes
    occurred_at: datetime
    event: ActivityRecorded | SnapshotRecorded


class ReadItem(msgspec.Struct, gc=False):
    """One item as it was read under one mapping."""

    index: int
    key: bytes
    """16 bytes: the dedup key in its scope."""
    digest: bytes
    """16 bytes: the canonical item."""
    identity: bytes
    """The dedup key or the digest, marked apart: what ids are derived from."""
    outputs: list[Output] = []
    unmapped: int = 0
    failure: str | None = None
    """Why it cannot be read."""
    mapping_revision: int = 0
    is_snapshot: bool = False
    """It tells counters and nothing else: the same key with new values corrects. Acts would count
    again."""


class ReadDelivery(msgspec.Struct):
    """What could be read of a delivery."""

    delivery: LoggedDelivery
    source: SourceView | None
    items: list[ReadItem]
    unreadable: str | None = None


def read_delivery(delivery: LoggedDelivery, source: SourceView | LockedView | None) -> ReadDelivery:
    """Splits a delivery and normalises its items. Never raises for what a sender sent."""
    if source is None:
        # Only rejected items are logged without a channel's source.
        return ReadDelivery(delivery, None, [])
    if isinstance(source, LockedView):
        return ReadDelivery(delivery, None, [], source.reason)
    request = Request(
        method=delivery.method,
        path=delivery.path,
        query=delivery.query,
        headers=delivery.headers,
        body=delivery.body,
        now=delivery.received_at,
    )
    config = {**source.config, "kind": delivery.kind} if delivery.kind != "hook" else source.config
    try:
        items = source.adapter.split(request, source.secrets, config)
    except Unreadable as error:
        return ReadDelivery(delivery, source, [], error.reason)
    except Exception as error:  # an adapter's mistake is a failed delivery, not a stopped shard
        return ReadDelivery(delivery, source, [], f"{type(error).__name__} while splitting")
    reader = _Reader(delivery, source)
    return ReadDelivery(delivery, source, [reader.read(item) for item in items])


def trace_of(delivery: LoggedDelivery) -> str | None:
    """The trace in which the delivery came: its events go on in it."""
    for name, value in delivery.headers:
        if name == b"traceparent":
            trace = value.decode("latin-1")
            return trace if TRACEPARENT.fullmatch(trace) else None
    return None


class _Reader:
    """Reads the items of one delivery; what is the same for all of them is found once."""

    __slots__ = ("_allowance", "_context", "_delivery", "_source", "_trace")

    def __init__(self, delivery: LoggedDelivery, source: SourceView) -> None:
        known = source.context
        self._delivery, self._source = delivery, source
        self._context = Context(
            channel_id=known.channel_id,
            channel_external_id=known.channel_external_id,
            platform=known.platform,
            id_scope=known.id_scope,
            timezone=known.timezone,
            received_at=delivery.received_at,
        )
        self._allowance = Allowance() if source.mapping is not None else None
        self._trace = trace_of(delivery)

    def read(self, item: Item) -> ReadItem:
        """Normalises it: by its adapter, and by the source's mapping where that says nothing."""
        digest = canonical_digest(item)
        identity = key_of(item, digest)
        read = ReadItem(item.index, self._source.scope.dedup_digest(identity), digest, identity, [])
        try:
            self._give_meaning(read, item)
        except ItemFailed as error:
            read.failure = f"{error.field}: {error.detail}" if error.field else error.detail
        except Exception as error:  # a mistake of ours fails this item and stops no other
            read.failure = f"{type(error).__name__} while normalising"
        if read.failure is not None:
            read.outputs, read.unmapped = [], 0
        if read.outputs:
            read.is_snapshot = all([output.topic == SNAPSHOT for output in read.outputs])
        else:
            read.is_snapshot = item.is_snapshot
        return read

    def _give_meaning(self, read: ReadItem, item: Item) -> None:
        source = self._source
        drafts, by_mapping = interpret(
            source.adapter, item, self._context, source.mapping, self._allowance
        )
        # What an adapter reads does not depend on a mapping, so a new revision does not rename it.
        read.mapping_revision = source.mapping_revision if by_mapping else 0
        for position, draft in enumerate(drafts):
            if isinstance(draft, Unmapped):
                read.unmapped += 1
                continue
            output = self._output(draft, position, read)
            if len(output.value) > LARGEST_EVENT:
                raise ItemFailed("", f"its event is longer than {LARGEST_EVENT} bytes")
            read.outputs.append(output)

    def _output(self, draft: Draft, position: int, read: ReadItem) -> Output:
        """The event of a draft. Its id follows from what it is, so a repeat cannot be another."""
        source = self._source
        event: ActivityRecorded | SnapshotRecorded
        if isinstance(draft, ActivityDraft):
            event_id = source.scope.activity_id(
                read.identity, output=position, mapping_revision=read.mapping_revision
            )
            activity = self._activity(event_id, draft, position, read)
            event = ActivityRecorded(activity=activity)
            subject, topic, moment = self._key(activity), ACTIVITY, draft.occurred_at
        else:
            assert isinstance(draft, SnapshotDraft)
            event_id = source.scope.snapshot_id(read.identity, output=position)
            event = self._snapshot(event_id, draft, position, read)
            subject, topic, moment = str(source.channel_id), SNAPSHOT, draft.as_of
        value = encode(
            event,
            source=SOURCE,
            time=moment,
            workspace_id=source.workspace_id,
            event_id=event_id,
            subject=subject,
            traceparent=self._trace,
        )
        key = subject.encode()
        return Output(topic, slot_of(key), key, value, moment, event)

    def _key(self, activity: Activity) -> str:
        actor = activity.actor
        if actor is None:
            return activity.key
        return actor_key(self._source.workspace, activity.platform, actor)

    def _activity(
        self, activity_id: UUID, draft: ActivityDraft, position: int, read: ReadItem
    ) -> Activity:
        source, context, actor = self._source, self._context, draft.actor
        return Activity(
            id=activity_id,
            workspace_id=source.workspace_id,
            channel_id=source.channel_id,
            platform=context.platform,
            type=draft.type,
            occurred_at=draft.occurred_at,
            received_at=self._delivery.received_at,
            source_id=source.id,
            delivery_id=self._delivery.id,
            timezone=context.timezone,
            actor=actor,
            content=ContentRef(external_id=draft.content) if draft.content is not None else None,
            count=draft.count,
            value=draft.value,
            text=draft.text,
            parent_external_id=draft.parent_external_id,
            context=draft.context,
            item=read.index,
            output=position,
            mapping_revision=read.mapping_revision,
            by_channel=draft.by_channel
            or (actor is not None and actor.external_id == context.channel_external_id),
        )

    def _snapshot(
        self, snapshot_id: UUID, draft: SnapshotDraft, position: int, read: ReadItem
    ) -> SnapshotRecorded:
        source, context = self._source, self._context
        return SnapshotRecorded(
            id=snapshot_id,
            workspace_id=source.workspace_id,
            channel_id=source.channel_id,
            platform=context.platform,
            metric=draft.metric,
            value=draft.value,
            kind=draft.kind,
            as_of=draft.as_of,
            day=draft.day,
            content=ContentRef(external_id=draft.content) if draft.content is not None else None,
            received_at=self._delivery.received_at,
            source_id=source.id,
            delivery_id=self._delivery.id,
            timezone=context.timezone,
            item=read.index,
            output=position,
            mapping_revision=read.mapping_revision,
        )


assert len(TOPICS) == 2  # ACTIVITY and SNAPSHOT are positions in it
