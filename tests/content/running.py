"""The content service running on a database of its own, with tokens and the events it was told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mediaops_common.events import Event, decode
from mediaops_common.ids import derived_id
from mediaops_content.main import CONTENT
from sqlalchemy import select

from tests.builders import a_channel, a_workspace
from tests.databases import SQLITE, Backend
from tests.runtimes import RunningService

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DOUYIN = derived_id("test", "channel", "douyin")
FOREIGN_CHANNEL = derived_id("test", "channel", "foreign")


class RunningContent(RunningService):
    """With what it told and noted."""

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
    async with RunningContent.open(folder, CONTENT, NOW, backend) as running:
        await running.hear(
            a_workspace("acme"),
            a_workspace("globex"),
            a_channel(DOUYIN),
            a_channel(FOREIGN_CHANNEL, workspace="globex"),
        )
        yield running
