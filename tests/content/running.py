"""The content service running on a database of its own, with tokens and the events it was told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from mediaops_common.auth import issue_token
from mediaops_common.clock import FrozenClock
from mediaops_common.consumer import Batch
from mediaops_common.events import ChannelSaved, Event, WorkspaceSaved, decode
from mediaops_common.http.app import build_app
from mediaops_common.ids import derived_id, workspace_id
from mediaops_common.keys import open_private_key
from mediaops_common.projections import Projection
from mediaops_common.service import Runtime
from mediaops_common.workers import groups_of
from mediaops_content.main import CONTENT
from sqlalchemy import select
from starlette.types import ASGIApp

from tests.databases import SQLITE, Backend
from tests.runtimes import a_runtime

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DOUYIN = derived_id("test", "channel", "douyin")
FOREIGN_CHANNEL = derived_id("test", "channel", "foreign")


def a_workspace(slug: str, *, version: int = 1, **more: Any) -> WorkspaceSaved:
    fields: dict[str, Any] = {"name": slug.title(), "timezone": "Asia/Shanghai", **more}
    return WorkspaceSaved(workspace_id=workspace_id(slug), slug=slug, version=version, **fields)


def a_channel(
    channel_id: UUID, *, workspace: str = "acme", version: int = 1, **more: Any
) -> ChannelSaved:
    fields: dict[str, Any] = {
        "platform": "douyin",
        "external_id": str(channel_id),
        "name": "官方号",
        "owner_kind": "organisation",
        **more,
    }
    return ChannelSaved(
        workspace_id=workspace_id(workspace), channel_id=channel_id, version=version, **fields
    )


@dataclass
class RunningContent:
    """The service, its app and its clock."""

    runtime: Runtime
    app: ASGIApp
    clock: FrozenClock

    def client(self, workspace: str = "acme", role: str = "owner") -> httpx.AsyncClient:
        token = issue_token(
            open_private_key(self.runtime.common.keys, self.runtime.data_dir / "keys"),
            self.runtime.common.keys,
            self.clock.now(),
            workspace=workspace,
            role=role,
            lifetime=timedelta(hours=1),
            subject="lin",
        )
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://content",
            headers={"Authorization": f"Bearer {token}"},
        )

    async def hear(self, *events: Event) -> None:
        """Hands events to the handlers that listen, as the consumer loop does."""
        (group,) = (group for group in groups_of(self.runtime) if group.name == "registry")
        async with self.runtime.database.write() as session:
            projection = Projection(1, is_live=True)
            await group.apply(session, Batch(list(events), projection, self.clock.now()))

    async def told(self) -> list[Event]:
        """The events in the outbox, in order."""
        outbox = self.runtime.database.tables.outbox
        async with self.runtime.database.read() as session:
            connection = await session.connection()
            rows = await connection.execute(select(outbox.c.value).order_by(outbox.c.id))
            found = [decode(value)[1] for value in rows.scalars()]
        return [event for event in found if event is not None]

    async def trail(self) -> list[Any]:
        """What the audit trail holds, oldest first."""
        table = self.runtime.database.tables.audit_trail
        async with self.runtime.database.read() as session:
            connection = await session.connection()
            return list((await connection.execute(select(table).order_by(table.c.id))).all())


@asynccontextmanager
async def running_content(folder: Path, backend: Backend = SQLITE) -> AsyncIterator[RunningContent]:
    """The service with workspaces `acme` and `globex`, each with one channel."""
    async with a_runtime(folder, CONTENT, NOW, backend) as (runtime, clock):
        running = RunningContent(runtime, build_app(CONTENT, runtime), clock)
        await running.hear(
            a_workspace("acme"),
            a_workspace("globex"),
            a_channel(DOUYIN),
            a_channel(FOREIGN_CHANNEL, workspace="globex"),
        )
        yield running
