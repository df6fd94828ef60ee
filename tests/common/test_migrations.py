"""The migrations of every service make exactly the tables that its models say."""

from importlib import import_module

import pytest
from mediaops_common.db import open_database
from mediaops_common.migrations import drift, migrate

pytestmark = pytest.mark.databases("sqlite", "postgresql")


@pytest.mark.parametrize("name", ["ingest", "content", "crm", "insights"])
async def test_models_and_migrations_agree(tmp_path, backend, name) -> None:
    module = import_module(f"mediaops_{name}.main")
    service = getattr(module, name.upper())
    url = await backend.blank(tmp_path, name)
    database = open_database(url, name=name, metadata=service.metadata)
    try:
        assert await drift(database, service.versions, service.metadata) == []
        await migrate(database, service.versions, service.metadata)  # again changes nothing
    finally:
        await database.close()
    assert len(list(service.versions.glob("*.py"))) >= 1
