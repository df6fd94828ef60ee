"""What a service knows of workspaces: looked up by slug, remembered for a second."""

import time
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from sqlalchemy import select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.db import Database
from mediaops_common.reach import EVERY_WORKSPACE, reaching

__all__ = ["KnownWorkspace", "KnownWorkspaces"]

FRESH_SECONDS = 1.0
WAIT_SECONDS = 5.0
"""A token may be used the moment its workspace is made; the other services hear of it by an event,
so they wait that long before they say that there is none."""


@dataclass(frozen=True)
class KnownWorkspace:
    workspace_id: UUID
    slug: str
    name: str
    timezone: str


class KnownWorkspaces:
    """Reads the registry table `workspace` of a service's own database."""

    def __init__(self, database: Database, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self.database = database
        self.wait_seconds = wait_seconds
        self._known: dict[str, tuple[float, KnownWorkspace]] = {}

    async def find(self, slug: str) -> KnownWorkspace | None:
        """The workspace, or None when it is still unknown after the wait."""
        known = self._known.get(slug)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        look = partial(self._look, slug)
        with reaching(EVERY_WORKSPACE):  # whose the token is, is what is looked for
            found = await self.database.find_soon(look, timeout_seconds=self.wait_seconds)
        if found is not None:
            self._known[slug] = (time.monotonic() + FRESH_SECONDS, found)
        return found

    def forget(self, slug: str) -> None:
        """Reads it anew next time: call it when this process changed the workspace."""
        self._known.pop(slug, None)

    async def _look(self, slug: str, session: AsyncSession) -> KnownWorkspace | None:
        table = self.database.tables.workspace
        query = select(table.c.workspace_id, table.c.slug, table.c.name, table.c.timezone).where(
            table.c.slug == slug
        )
        connection = await session.connection()
        row = (await connection.execute(query)).one_or_none()
        return None if row is None else KnownWorkspace(*row)
