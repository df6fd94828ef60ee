"""The channel that a question about the audience may name."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from mediaops_common.http import RuntimeDep

from mediaops_crm.registry import service as registry

__all__ = ["ChannelQuery"]


async def _channel(
    request: Request, runtime: RuntimeDep, channel_id: UUID | None = None
) -> UUID | None:
    if channel_id is not None:
        await registry.await_channel(
            runtime.database,
            request.state.caller.workspace_id,
            channel_id,
            timeout_seconds=runtime.settings.channel_wait_seconds,
        )
    return channel_id


ChannelQuery = Annotated[UUID | None, Depends(_channel)]
"""`channel_id`, after a wait for one made a moment ago. It stands before `Reads` in a route: a
session that is open already would not see it come."""
