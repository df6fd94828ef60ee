"""The insights service running on a database of its own, with tokens and the events it was told."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from mediaops_common.auth import issue_token
from mediaops_common.clock import FrozenClock
from mediaops_common.consumer import Batch, ConsumerGroup
from mediaops_common.counters import count_applied
from mediaops_common.events import Event
from mediaops_common.http.app import build_app
from mediaops_common.keys import open_private_key
from mediaops_common.lease import acquire
from mediaops_common.projections import Projection, live_generation
from mediaops_common.service import Runtime
from mediaops_common.workers import groups_of
from mediaops_insights.main import INSIGHTS
from mediaops_insights.stream import service as stream
from sqlalchemy import insert, update
from starlette.types import ASGIApp

from tests.databases import SQLITE, Backend
from tests.runtimes import a_runtime, pass_watermarks

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass
class RunningInsights:
    """The service, its app and its clock."""

    runtime: Runtime
    app: ASGIApp
    clock: FrozenClock
    clients: list[httpx.AsyncClient] = field(default_factory=list)

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
            base_url="http://insights",
            headers={"Authorization": self.bearer(workspace, role)},
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
            if generation is None:
                await count_applied(session, f"insights.{name}", batch.events)

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
        await pass_watermarks(self.runtime, moment, shards)

    async def write_stream(self) -> int:
        """One round of the stream's writer."""
        async with self.runtime.database.write() as session:
            held = await acquire(session, "stream-writer", "test")
        assert held is not None
        return await stream.write_events(self.runtime.database, held, self.clock.now())


async def get(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    """The JSON of a successful GET; `from_` is the query's `from`."""
    answer = await client.get(f"/insights/v1{path}", params=_params(query))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refused(client: httpx.AsyncClient, path: str, **query: Any) -> tuple[int, str | None]:
    """The status of a problem and the first field that it names."""
    answer = await client.get(f"/insights/v1{path}", params=_params(query))
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    errors = answer.json().get("errors") or [{"field": None}]
    return answer.status_code, errors[0]["field"]


def _params(query: dict[str, Any]) -> list[tuple[str, str]]:
    params = []
    for key, value in query.items():
        for one in value if isinstance(value, list | tuple | set) else [value]:
            if one is not None:
                params.append((key.removesuffix("_") if key == "from_" else key, str(one)))
    return params


async def series(client: httpx.AsyncClient, metric: str, **query: Any) -> list[Any]:
    """The values of one metric in order."""
    found = await get(client, "/metrics/query", metric=metric, **query)
    return [item["value"] for item in found["items"]]


@asynccontextmanager
async def running_insights(
    folder: Path, now: datetime = NOW, backend: Backend = SQLITE
) -> AsyncIterator[RunningInsights]:
    async with a_runtime(folder, INSIGHTS, now, backend) as (runtime, clock):
        running = RunningInsights(runtime, build_app(INSIGHTS, runtime), clock)
        try:
            yield running
        finally:
            for client in running.clients:
                await client.aclose()
