"""A database that has the audience's tables and nothing of a service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mediaops_common.audience import AudienceTables, audience_tables
from mediaops_common.db import NAMING, Database, open_database
from sqlalchemy import MetaData

from tests.databases import SQLITE, Backend


@asynccontextmanager
async def an_audience(
    folder: Path, backend: Backend = SQLITE
) -> AsyncIterator[tuple[Database, AudienceTables]]:
    metadata = MetaData(naming_convention=NAMING)
    tables = audience_tables(metadata)
    url = await backend.blank(folder, "audience")
    database = open_database(url, name="test", metadata=metadata)
    async with database.writer.begin() as connection:
        await connection.run_sync(metadata.create_all)
    try:
        yield database, tables
    finally:
        await database.close()


@pytest.fixture
async def audience(
    tmp_path: Path, backend: Backend
) -> AsyncIterator[tuple[Database, AudienceTables]]:
    async with an_audience(tmp_path, backend) as opened:
        yield opened
