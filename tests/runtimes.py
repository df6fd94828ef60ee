"""One of the real services, opened for a test: its database migrated, its clock standing."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Self

import httpx
from mediaops_common.auth import issue_token
from mediaops_common.bus.open import open_bus
from mediaops_common.clock import FrozenClock
from mediaops_common.consumer import Batch, ConsumerGroup
from mediaops_common.counters import count_applied
from mediaops_common.events import Event
from mediaops_common.http.app import build_app
from mediaops_common.keys import make_keys, open_keys, open_private_key
from mediaops_common.projections import Projection, live_generation
from mediaops_common.service import Runtime, Service, close_runtime, open_runtime
from mediaops_common.settings import HttpSettings, Settings, StoreSettings
from mediaops_common.workers import groups_of
from sqlalchemy import insert, update
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.types import ASGIApp

from tests.databases import Backend

__all__ = ["RunningService", "a_runtime"]


@dataclass
class RunningService:
    """The service without its workers, its app and its clock; tests hand it events themselves."""

    runtime: Runtime
    app: ASGIApp
    clock: FrozenClock
    clients: list[httpx.AsyncClient] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @classmethod
    @asynccontextmanager
    async def open(
        cls, folder: Path, service: Service, now: datetime, backend: Backend
    ) -> AsyncIterator[Self]:
        """The service on a database of its own."""
        clock = FrozenClock(now)
        async with a_runtime(folder, service, clock, backend) as runtime:
            running = cls(runtime, build_app(service, runtime), clock)
            try:
                yield running
            finally:
                for client in running.clients:
                    await client.aclose()

    def bearer(self, workspace: str = "acme", role: str = "owner") -> str:
        token = issue_token(
            open_private_key(self.runtime.common.keys, self.runtime.data_dir / "keys"),
            self.runtime.common.keys,
            self.clock.now(),
            workspace=workspace,
            role=role,
            lifetime=timedelta(days=4000),
            subject="lin",
        )
        return f"Bearer {token}"

    def client(self, workspace: str = "acme", role: str = "owner") -> httpx.AsyncClient:
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url=f"http://{self.runtime.service.name}",
            headers={"Authorization": self.bearer(workspace, role)},
        )
        self.clients.append(client)
        return client

    async def hear(self, *events: Event) -> None:
        """Hands events to the handlers that listen, as the consumer loop does."""
        await self._apply("registry", events, None)

    async def apply(
        self, *events: Event, generation: int | None = None, numbers: Sequence[int] | None = None
    ) -> None:
        """One batch of the fast group; with a generation, one of a rebuild. Unless `numbers` say
        otherwise, what comes later was said later."""
        await self._apply("fast", events, generation, numbers)

    async def apply_within(self, session: AsyncSession, *events: Event) -> None:
        """Likewise, within a transaction of the test's own."""
        await self._apply_within(session, "fast", events, None)

    async def _apply(
        self,
        name: str,
        events: Sequence[Event],
        generation: int | None,
        numbers: Sequence[int] | None = None,
    ) -> None:
        async with self.runtime.database.write() as session:
            await self._apply_within(session, name, events, generation, numbers)

    async def _apply_within(
        self,
        session: AsyncSession,
        name: str,
        events: Sequence[Event],
        generation: int | None,
        numbers: Sequence[int] | None = None,
    ) -> None:
        group = self._group(name)
        projection = Projection(
            generation or await live_generation(session), is_live=generation is None
        )
        if numbers is None:
            numbers = list(islice(self._numbers, len(events)))
        batch = Batch(list(events), projection, self.clock.now(), numbers=numbers)
        if group.prepare is not None:
            batch.prepared = group.prepare(batch)
        await group.apply(session, batch)
        if generation is None:
            group_name = f"{self.runtime.service.name}.{name}"
            await count_applied(session, group_name, batch.events)

    def _group(self, name: str) -> ConsumerGroup:
        (group,) = (group for group in groups_of(self.runtime) if group.name == name)
        return group

    async def swap(self, generation: int) -> None:
        """Makes a rebuilt generation the live one, as the end of a rebuild does."""
        table = self.runtime.database.tables.projection
        async with self.runtime.database.write() as session:
            connection = await session.connection()
            changed = await connection.execute(update(table).values(live=generation))
            if changed.rowcount == 0:
                row = {"id": 1, "live": generation, "newest": generation}
                await connection.execute(insert(table), [row])

    async def pass_watermarks(self, moment: datetime, shards: Sequence[int] = range(64)) -> None:
        """Lets its fast group have applied everything that ingest received before the moment."""
        heads = self.runtime.database.tables.heads
        rows = [
            {
                "group": f"{self.runtime.service.name}.fast",
                "producer": "ingest",
                "topic": "mediaops.activity",
                "partition": 0,
                "shard": shard,
                "numbers": b"",
                "through": moment,
                "applied_through": moment,
            }
            for shard in shards
        ]
        async with self.runtime.database.write() as session:
            connection = await session.connection()
            await connection.execute(heads.delete())
            await connection.execute(insert(heads), rows)


@asynccontextmanager
async def a_runtime(
    folder: Path,
    service: Service,
    clock: FrozenClock,
    backend: Backend,
    http: HttpSettings | None = None,
) -> AsyncIterator[Runtime]:
    """The service's runtime, on a database of its own."""
    store = StoreSettings(data=folder, database_url=await backend.migrated(folder, service))
    common = Settings(store=store, http=http or HttpSettings())
    make_keys(common.keys, folder / "keys")
    bus = await open_bus(f"sqlite:///{folder}/bus.db")
    runtime = await open_runtime(
        service,
        bus=bus,
        clock=clock,
        keys=open_keys(common.keys, folder / "keys"),
        common=common,
        migrating=False,
    )
    try:
        yield runtime
    finally:
        await close_runtime(runtime)
        await bus.close()
