"""Idempotency-Key: a creating request sent twice takes effect once and is answered alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Table, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.clock import Clock
from mediaops_common.db import insert_new
from mediaops_common.ids import joined
from mediaops_common.jobs import Job
from mediaops_common.keys import SecretBox, Unsealable

if TYPE_CHECKING:
    from mediaops_common.service import Runtime

__all__ = ["FORGET_ANSWERS", "Answer", "Answered", "KeyReused", "Once"]

KEPT = timedelta(hours=24)
PENDING = 0


class Answer(msgspec.Struct, frozen=True):
    """An answer as it was given."""

    status: int
    headers: dict[str, str]
    body: bytes


class KeyReused(Exception):
    """The key came before with another request."""


class Answered(Exception):
    """The request took effect before: here is its answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


@dataclass
class Once:
    """One request with an Idempotency-Key; `begin` and `keep` belong to its own transaction."""

    workspace_id: UUID
    route: str
    key: str
    digest: bytes
    box: SecretBox
    clock: Clock
    session: AsyncSession | None = None

    async def begin(self, session: AsyncSession) -> None:
        """Claims the key. Raises Answered when it has its answer, KeyReused when it is another's.

        A second request that runs at the same time waits here until the first has ended: on SQLite
        for the only writer, on PostgreSQL for the row.
        """
        table = _table(session)
        await insert_new(
            session,
            table,
            [
                {
                    "workspace_id": self.workspace_id,
                    "route": self.route,
                    "key": self.key,
                    "request_digest": self.digest,
                    "status": PENDING,
                    "body": b"",
                    "created_at": self.clock.now(),
                }
            ],
            key=["workspace_id", "route", "key"],
        )
        connection = await session.connection()
        row = (await connection.execute(select(table).where(*self._is_mine(table)))).one()
        if row.request_digest != self.digest:
            raise KeyReused()
        if row.status != PENDING:
            raise Answered(self._unseal(row.body))
        self.session = session

    async def keep(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Stores the answer, sealed: it may show secrets that are shown only once."""
        if self.session is None:
            return
        kept = {name: headers[name] for name in ("etag", "location") if name in headers}
        raw = msgspec.msgpack.encode(Answer(status, kept, body))
        table = _table(self.session)
        connection = await self.session.connection()
        await connection.execute(
            update(table)
            .where(*self._is_mine(table))
            .values(status=status, body=self.box.seal(raw, self._context()))
        )

    def _unseal(self, sealed: bytes) -> Answer:
        try:
            return msgspec.msgpack.decode(self.box.open(sealed, self._context()), type=Answer)
        except Unsealable:
            # The key for secrets was changed since: what took effect must not be done again.
            raise KeyReused() from None

    def _context(self) -> bytes:
        return joined(b"idempotency", self.workspace_id.bytes, self.route, self.key)

    def _is_mine(self, table: Table) -> tuple[ColumnElement[bool], ...]:
        columns = table.c
        return (
            columns.workspace_id == self.workspace_id,
            columns.route == self.route,
            columns.key == self.key,
        )


def _table(session: AsyncSession) -> Table:
    table = session.info["tables"].idempotency
    assert isinstance(table, Table)
    return table


async def _forget(runtime: "Runtime") -> None:
    async with runtime.database.write() as session:
        table = _table(session)
        connection = await session.connection()
        await connection.execute(
            delete(table).where(table.c.created_at < runtime.clock.now() - KEPT)
        )


FORGET_ANSWERS = Job("forget-answers", 3_600, _forget)
"""Answers are kept for a day. Every service runs this job."""
