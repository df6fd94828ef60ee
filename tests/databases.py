"""Where a test keeps its tables: SQLite always, PostgreSQL where the machine can start it."""

import atexit
import shutil
import tempfile
from itertools import count
from pathlib import Path
from typing import Protocol

from mediaops_common.db import open_database
from mediaops_common.migrations import migrate
from mediaops_common.service import Service

from tests.postgres import OWNER, SERVING, Cluster

__all__ = ["SQLITE", "Backend", "PostgresBackend", "SqliteBackend"]


class Backend(Protocol):
    """Makes databases, each for one test."""

    name: str

    async def blank(self, folder: Path, name: str) -> str:
        """The URL of a database without tables, as one who may make them."""

    async def migrated(self, folder: Path, service: Service) -> str:
        """The URL of a database with the service's tables, as its migrations make them, for a
        role that only serves."""


class SqliteBackend:
    """A file in the test's own folder. Migrated ones are copied: migrating takes longer."""

    name = "sqlite"

    def __init__(self) -> None:
        self._templates: dict[str, Path] = {}

    async def blank(self, folder: Path, name: str) -> str:
        return f"sqlite:///{folder}/{name}.db"

    async def migrated(self, folder: Path, service: Service) -> str:
        if not (folder / f"{service.name}.db").exists():
            shutil.copy(await self._template(service), folder / f"{service.name}.db")
        return await self.blank(folder, service.name)

    async def _template(self, service: Service) -> Path:
        if service.name not in self._templates:
            folder = Path(tempfile.mkdtemp(prefix="mediaops-template-"))
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            await _migrate(await self.blank(folder, service.name), service)
            self._templates[service.name] = folder / f"{service.name}.db"
        return self._templates[service.name]


SQLITE = SqliteBackend()


class PostgresBackend:
    """A database of the test's own in a private cluster, copied from a template."""

    name = "postgresql"

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._numbers = count(1)
        self._templates: dict[str, str] = {}
        self._made: list[str] = []

    async def blank(self, folder: Path, name: str) -> str:
        return self._cluster.url(await self._copied("template1", name), OWNER)

    async def migrated(self, folder: Path, service: Service) -> str:
        if service.name not in self._templates:
            template = f"template_{service.name}"
            await self._cluster.create(template)
            await _migrate(self._cluster.url(template, OWNER), service, lend_to=SERVING)
            self._templates[service.name] = template
        name = await self._copied(self._templates[service.name], service.name)
        return self._cluster.url(name)

    async def _copied(self, template: str, name: str) -> str:
        made = f"{name}_{next(self._numbers)}"
        await self._cluster.create(made, template)
        self._made.append(made)
        return made

    async def drop(self) -> None:
        """Removes what was made for the last test."""
        while self._made:
            await self._cluster.execute(f"DROP DATABASE {self._made.pop()} WITH (FORCE)")


async def _migrate(url: str, service: Service, *, lend_to: str | None = None) -> None:
    database = open_database(url, name=service.name, metadata=service.metadata)
    try:
        await migrate(database, service.versions, service.metadata, lend_to=lend_to)
    finally:
        await database.close()
