"""From what an item means to what is recorded: drafts with ids, workspace, source and delivery."""

from dataclasses import dataclass
from uuid import UUID

from mediaops_common.events.activity import Activity, ContentRef
from mediaops_common.events.snapshot import SnapshotRecorded

from mediaops_ingest.platforms.identity import activity_id, snapshot_id
from mediaops_ingest.platforms.port import ActivityDraft, Context, SnapshotDraft

__all__ = ["Origin", "activity_of", "snapshot_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where an item comes from."""

    workspace_id: UUID
    source_id: UUID
    delivery_id: UUID
    namespace: str
    """`Declaration.namespace(platform)` of the adapter."""
    key: bytes
    """`identity.key_of(item)`."""
    item: int


def activity_of(
    draft: ActivityDraft,
    origin: Origin,
    context: Context,
    *,
    output: int = 0,
    mapping_revision: int = 0,
) -> Activity:
    """The activity at position `output` of its item."""
    actor = draft.actor
    is_own = actor is not None and actor.external_id == context.channel_external_id
    return Activity(
        id=activity_id(
            origin.workspace_id,
            context.channel_id,
            origin.namespace,
            origin.key,
            output=output,
            mapping_revision=mapping_revision,
        ),
        workspace_id=origin.workspace_id,
        channel_id=context.channel_id,
        platform=context.platform,
        type=draft.type,
        occurred_at=draft.occurred_at,
        received_at=context.received_at,
        source_id=origin.source_id,
        delivery_id=origin.delivery_id,
        timezone=context.timezone,
        actor=actor,
        content=ContentRef(external_id=draft.content) if draft.content is not None else None,
        count=draft.count,
        value=draft.value,
        text=draft.text,
        parent_external_id=draft.parent_external_id,
        context=draft.context,
        item=origin.item,
        output=output,
        mapping_revision=mapping_revision,
        by_channel=draft.by_channel or is_own,
    )


def snapshot_of(
    draft: SnapshotDraft,
    origin: Origin,
    context: Context,
    *,
    output: int = 0,
    mapping_revision: int = 0,
    correction: bool = False,
) -> SnapshotRecorded:
    """The snapshot at position `output` of its item; `correction` for a key seen before."""
    return SnapshotRecorded(
        id=snapshot_id(
            origin.workspace_id,
            context.channel_id,
            origin.namespace,
            origin.key,
            output=output,
            mapping_revision=mapping_revision,
        ),
        workspace_id=origin.workspace_id,
        channel_id=context.channel_id,
        platform=context.platform,
        metric=draft.metric,
        value=draft.value,
        kind=draft.kind,
        as_of=draft.as_of,
        day=draft.day,
        content=ContentRef(external_id=draft.content) if draft.content is not None else None,
        received_at=context.received_at,
        source_id=origin.source_id,
        delivery_id=origin.delivery_id,
        timezone=context.timezone,
        item=origin.item,
        output=output,
        mapping_revision=mapping_revision,
        correction=correction,
    )
