"""Rows that a test writes itself, as nothing of the service would."""

from typing import Any
from uuid import UUID

from mediaops_ingest.sources.models import Source
from sqlalchemy import select, update


async def change(ingest, model: Any, source: dict[str, Any], name: str, value: Any) -> Any:
    """Writes into the source's newest row behind everybody's back; returns what was there."""
    table, its = model.__table__, UUID(source["id"])
    is_its = (table.c.id if model is Source else table.c.source_id) == its
    async with ingest.runtime.database.write() as session:
        connection = await session.connection()
        was = (await connection.execute(select(table.c[name]).where(is_its))).scalars().all()[-1]
        mine = is_its, table.c[name] == was
        if name == "mapping":
            mine = (is_its,)
        await connection.execute(update(table).where(*mine).values({name: value}))
    return was
