"""What can be done with channels."""

from datetime import datetime
from uuid import UUID

from mediaops_common import outbox
from mediaops_common.events import ChannelSaved, Consequences
from mediaops_common.http import Conflict
from mediaops_common.ids import new_id
from mediaops_common.owner_kinds import OWNER_KINDS
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.channels import repository
from mediaops_ingest.channels.models import Channel
from mediaops_ingest.channels.schemas import ChannelCreate, ChannelUpdate

__all__ = ["AccountTaken", "Channel", "by_ids", "change", "connect", "find", "page"]

find = repository.find
by_ids = repository.by_ids
page = repository.page


class AccountTaken(Conflict):
    """The workspace has a channel for this account."""

    title, type = "The account has a channel already", "account-taken"


async def connect(
    session: AsyncSession, workspace_id: UUID, wanted: ChannelCreate, now: datetime
) -> Channel:
    channel = Channel(
        id=new_id(),
        workspace_id=workspace_id,
        version=1,
        created_at=now,
        updated_at=now,
        **wanted.model_dump(),
    )
    if not await repository.add(session, channel):
        raise AccountTaken(f"there is a channel for {wanted.external_id!r} on {wanted.platform}")
    await _tell(session, channel)
    return channel


async def change(
    session: AsyncSession, channel: Channel, wanted: ChannelUpdate, now: datetime
) -> Channel:
    """`channel` was found `to_change` in this transaction."""
    for field, value in wanted.model_dump(exclude_none=True).items():
        setattr(channel, field, value)
    channel.version += 1
    channel.updated_at = now
    await session.flush()
    await _tell(session, channel)
    return channel


async def _tell(session: AsyncSession, channel: Channel) -> None:
    follows = OWNER_KINDS[channel.owner_kind]
    event = ChannelSaved(
        workspace_id=channel.workspace_id,
        channel_id=channel.id,
        platform=channel.platform,
        external_id=channel.external_id,
        name=channel.name,
        owner_kind=channel.owner_kind,  # type: ignore[arg-type]  # the schema allows only these
        version=channel.version,
        verticals=channel.verticals,
        operators=channel.operators,
        consequences=Consequences(
            approval_steps=follows.approval_steps,
            persona_required=follows.persona_required,
            kpis=list(follows.kpis),
            revenue_types=list(follows.revenue_types),
        ),
    )
    await outbox.add(session, event, workspace_id=channel.workspace_id)
