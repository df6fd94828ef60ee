"""The crm service running on a database of its own, with tokens and the events it was told."""

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from mediaops_common.events import Event, decode
from mediaops_common.jobs import Job
from mediaops_crm.main import CRM
from sqlalchemy import func, select

from tests.databases import SQLITE, Backend
from tests.runtimes import RunningService

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class RunningCrm(RunningService):
    """With what crm does by the clock, and what it told."""

    async def run(self, job: Job) -> None:
        await job.run(self.runtime)

    async def told(
        self, *kinds: type[Event], workspace_id: UUID | None = None, after: int = 0
    ) -> list[Any]:
        """The events of these kinds in the outbox, in order; `after` the row that `end` named."""
        outbox = self.runtime.database.tables.outbox
        async with self.runtime.database.read() as session:
            connection = await session.connection()
            rows = await connection.execute(
                select(outbox.c.value).where(outbox.c.id > after).order_by(outbox.c.id)
            )
            found = [decode(value)[1] for value in rows.scalars()]
        return [
            event
            for event in found
            if isinstance(event, kinds)
            and (workspace_id is None or event.workspace_id == workspace_id)
        ]

    async def end(self) -> int:
        """The newest row of the outbox."""
        outbox = self.runtime.database.tables.outbox
        async with self.runtime.database.read() as session:
            connection = await session.connection()
            newest = await connection.execute(select(func.max(outbox.c.id)))
            return newest.scalar_one() or 0


async def get(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    """The JSON of a successful GET; `from_` is the query's `from`."""
    params = {key.rstrip("_"): value for key, value in query.items() if value is not None}
    answer = await client.get(f"/crm/v1{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def running_crm(
    folder: Path, now: datetime = NOW, backend: Backend = SQLITE
) -> AbstractAsyncContextManager[RunningCrm]:
    return RunningCrm.open(folder, CRM, now, backend)
