"""The insights service running on a database of its own, with tokens and the events it was told."""

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from mediaops_common.lease import acquire
from mediaops_insights.main import INSIGHTS
from mediaops_insights.stream import service as stream

from tests.databases import SQLITE, Backend
from tests.runtimes import RunningService

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class RunningInsights(RunningService):
    """With the writer of its stream."""

    async def write_stream(self, paces: stream.Paces | None = None) -> int:
        """One round of the stream's writer, of one that has just begun unless `paces` are given."""
        async with self.runtime.database.write() as session:
            held = await acquire(session, "stream-writer", "test")
        assert held is not None
        return await stream.write_events(
            self.runtime.database, held, self.clock.now(), paces or stream.Paces()
        )


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


def running_insights(
    folder: Path, now: datetime = NOW, backend: Backend = SQLITE
) -> AbstractAsyncContextManager[RunningInsights]:
    return RunningInsights.open(folder, INSIGHTS, now, backend)
