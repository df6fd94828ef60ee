"""Every example goes through everything that listens to it, in a real database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path
from tempfile import mkdtemp
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from mediaops_common.cli.process import load_services
from mediaops_common.consumer import Batch, ConsumerGroup, Handlers
from mediaops_common.db import Database, open_database
from mediaops_common.events import REGISTRY, Event
from mediaops_common.events.parties import listeners
from mediaops_common.events.published import published
from mediaops_common.projections import Projection
from mediaops_common.service import Service
from mediaops_common.workers import groups_of

from tests.databases import Backend

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
SERVICES = sorted(point.name for point in entry_points(group="mediaops.services"))


def groups(service: Service) -> dict[str, ConsumerGroup]:
    running = cast(Any, SimpleNamespace(service=service))
    return {f"{service.name}.{group.name}": group for group in groups_of(running)}


def examples(service: Service, group_name: str) -> list[Event]:
    """The examples of what the group hears, in the order in which such events come to be."""
    heard = listeners([service])
    return [
        msgspec.convert(example, cls)
        for cls in sorted(REGISTRY.values(), key=_order)
        if group_name in heard[cls]
        for example in published(cls)["examples"]
    ]


def _order(cls: type[Event]) -> tuple[int, str]:
    first = ["ingest.workspace", "ingest.channel", "ingest.source", "content", "activity.recorded"]
    name = cls.event_name
    return next((n for n, begin in enumerate(first) if name.startswith(begin)), 9), name


@asynccontextmanager
async def database_of(service: Service, backend: Backend, folder: Path) -> AsyncIterator[Database]:
    url = await backend.migrated(Path(mkdtemp(dir=folder)), service)
    database = open_database(url, name=service.name, metadata=service.metadata)
    try:
        yield database
    finally:
        await database.close()


async def take(database: Database, group: ConsumerGroup, events: list[Event]) -> None:
    batch = Batch(events, Projection(1), NOW)
    if group.prepare is not None:
        batch.prepared = group.prepare(batch)
    async with database.write() as session:
        await group.apply(session, batch)


@pytest.mark.parametrize("name", SERVICES)
async def test_every_example_passes_through_every_listener(
    name: str, backend: Backend, tmp_path: Path
) -> None:
    service = load_services([name])[name]
    for group_name, group in groups(service).items():
        heard = examples(service, group_name)
        assert heard, f"{group_name} listens to nothing"
        async with database_of(service, backend, tmp_path) as database:
            for event in heard:
                await take(database, group, [event])


@pytest.mark.parametrize("name", SERVICES)
async def test_all_examples_pass_in_one_batch(name: str, backend: Backend, tmp_path: Path) -> None:
    service = load_services([name])[name]
    for group_name, group in groups(service).items():
        async with database_of(service, backend, tmp_path) as database:
            await take(database, group, examples(service, group_name))


@pytest.mark.parametrize("name", SERVICES)
async def test_a_state_event_that_comes_again_changes_nothing_and_fails_nowhere(
    name: str, backend: Backend, tmp_path: Path
) -> None:
    """A parked event is overtaken and retried later: handlers compare versions."""
    service = load_services([name])[name]
    for group_name, group in groups(service).items():
        if not any(handlers.group == group.name for handlers in service.handlers):
            continue
        # Asks for the archive come once: their lane numbers see to it.
        again = [e for e in examples(service, group_name) if hasattr(e, "version")]
        async with database_of(service, backend, tmp_path) as database:
            await take(database, group, again)
            before = await contents(database)
            await take(database, group, again)
            assert await contents(database) == before


async def contents(database: Database) -> dict[str, list[Any]]:
    """All rows of the service's own tables; what is written for others is no state."""
    rows: dict[str, list[Any]] = {}
    async with database.read() as session:
        connection = await session.connection()
        for table in database.tables.lease.metadata.sorted_tables:
            if table.name not in {"outbox", "outbox_lane", "outbox_state"}:
                found = await connection.execute(table.select())
                rows[table.name] = sorted(repr(tuple(row)) for row in found)
    return rows


def test_groups_of_one_name_are_one_group() -> None:
    for service in load_services(SERVICES).values():
        names = [group.name for group in groups_of(cast(Any, SimpleNamespace(service=service)))]
        assert len(names) == len(set(names))
        assert all(isinstance(handlers, Handlers) for handlers in service.handlers)
