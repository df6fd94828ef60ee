"""A database that has the audience's tables and nothing of a service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mediaops_common.audience import AudienceTables, audience_tables
from mediaops_common.db import NAMING, Database, open_database
from sqlalchemy import MetaData


@asynccontextmanager
async def an_audience(folder: Path) -> AsyncIterator[tuple[Database, AudienceTables]]:
    metadata = MetaData(naming_convention=NAMING)
    tables = audience_tables(metadata)
    database = open_database(f"sqlite:///{folder}/audience.db", name="test", metadata=metadata)
    async with database.writer.begin() as connection:
        await connection.run_sync(metadata.create_all)
    try:
        yield database, tables
    finally:
        await database.close()


@pytest.fixture
async def audience(tmp_path: Path) -> AsyncIterator[tuple[Database, AudienceTables]]:
    async with an_audience(tmp_path) as opened:
        yield opened
