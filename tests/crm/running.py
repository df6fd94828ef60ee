"""The crm service running on a database of its own, with tokens and the events it was told."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from mediaops_common.auth import issue_token
from mediaops_common.clock import FrozenClock
from mediaops_common.consumer import Batch, ConsumerGroup
from mediaops_common.events import Event, decode
from mediaops_common.http.app import build_app
from mediaops_common.jobs import Job
from mediaops_common.keys import open_private_key
from mediaops_common.projections import Projection, live_generation
from mediaops_common.service import Runtime
from mediaops_common.workers import groups_of
from mediaops_crm.main import CRM
from sqlalchemy import func, insert, select, update
from starlette.types import ASGIApp

from tests.databases import SQLITE, Backend
from tests.runtimes import a_runtime, pass_watermarks

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass
class RunningCrm:
    """The service, its app and its clock."""

    runtime: Runtime
    app: ASGIApp
    clock: FrozenClock
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    def client(self, workspace: str = "acme", role: str = "owner") -> httpx.AsyncClient:
        token = issue_token(
            open_private_key(self.runtime.common.keys, self.runtime.data_dir / "keys"),
            self.runtime.common.keys,
            self.clock.now(),
            workspace=workspace,
            role=role,
            lifetime=timedelta(days=4000),
            subject="lin",
        )
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://crm",
            headers={"Authorization": f"Bearer {token}"},
        )
        self.clients.append(client)
        return client

    async def hear(self, *events: Event) -> None:
        """Hands events to the handlers that listen, as the consumer loop does."""
        await self._apply("registry", events, None)

    async def apply(self, *events: Event, generation: int | None = None) -> None:
        """One batch of the fast group; with a generation, one of a rebuild."""
        await self._apply("fast", events, generation)

    async def _apply(self, name: str, events: Iterable[Event], generation: int | None) -> None:
        group = self._group(name)
        async with self.runtime.database.write() as session:
            projection = Projection(
                generation or await live_generation(session), is_live=generation is None
            )
            batch = Batch(list(events), projection, self.clock.now())
            if group.prepare is not None:
                batch.prepared = group.prepare(batch)
            await group.apply(session, batch)

    def _group(self, name: str) -> ConsumerGroup:
        (group,) = (group for group in groups_of(self.runtime) if group.name == name)
        return group

    async def run(self, job: Job) -> None:
        await job.run(self.runtime)

    async def swap(self, generation: int) -> None:
        """Makes a rebuilt generation the live one, as the end of a rebuild does."""
        table = self.runtime.database.tables.projection
        async with self.runtime.database.write() as session:
            connection = await session.connection()
            changed = await connection.execute(update(table).values(live=generation))
            if changed.rowcount == 0:
                row = {"id": 1, "live": generation, "newest": generation}
                await connection.execute(insert(table), [row])

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

    async def pass_watermarks(self, moment: datetime, shards: Sequence[int] = range(64)) -> None:
        await pass_watermarks(self.runtime, moment, shards)


async def get(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    """The JSON of a successful GET; `from_` is the query's `from`."""
    params = {key.rstrip("_"): value for key, value in query.items() if value is not None}
    answer = await client.get(f"/crm/v1{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


@asynccontextmanager
async def running_crm(
    folder: Path, now: datetime = NOW, backend: Backend = SQLITE
) -> AsyncIterator[RunningCrm]:
    async with a_runtime(folder, CRM, now, backend) as (runtime, clock):
        running = RunningCrm(runtime, build_app(CRM, runtime), clock)
        try:
            yield running
        finally:
            for client in running.clients:
                await client.aclose()
