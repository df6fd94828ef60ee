"""Alembic for each service: to the newest version at start, and a new version for developers."""

import asyncio
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, MetaData

from mediaops_common.db import Database, open_database

__all__ = ["drift", "migrate"]

ENVIRONMENT = Path(__file__).parent / "alembic_environment"


def _config(versions: Path, connection: Connection, metadata: MetaData) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(ENVIRONMENT))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    config.attributes["metadata"] = metadata
    return config


async def migrate(database: Database, versions: Path, metadata: MetaData) -> None:
    """Brings the database to the newest version of the service's migrations, or changes nothing."""
    async with database.writer.begin() as connection:
        await connection.run_sync(_upgrade, versions, metadata)


def _upgrade(connection: Connection, versions: Path, metadata: MetaData) -> None:
    from alembic import command

    command.upgrade(_config(versions, connection, metadata), "head")


async def drift(database: Database, versions: Path, metadata: MetaData) -> list[Any]:
    """What the models say and the migrated database has not: [] when they agree."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    def compare(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        return list(compare_metadata(context, metadata))

    await migrate(database, versions, metadata)
    async with database.writer.begin() as connection:
        return await connection.run_sync(compare)


def _write_version(service_name: str, message: str) -> None:
    """Writes the next migration of a service by comparing its models with its migrations."""
    from datetime import UTC, datetime

    from alembic import command

    import_module(f"mediaops_{service_name}.main")  # every feature's tables
    database_module = import_module(f"mediaops_{service_name}.database")
    metadata: MetaData = database_module.METADATA
    versions = Path(database_module.__file__ or "").parent / "migrations" / "versions"
    versions.mkdir(parents=True, exist_ok=True)

    async def run() -> None:
        with TemporaryDirectory() as folder:
            database = open_database(
                f"sqlite:///{folder}/blank.db", name=service_name, metadata=metadata
            )
            await migrate(database, versions, metadata)

            def revise(connection: Connection) -> None:
                config = _config(versions, connection, metadata)
                config.set_main_option(
                    "file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s"
                )
                command.revision(
                    config,
                    message,
                    autogenerate=True,
                    rev_id=datetime.now(UTC).strftime("%Y%m%d%H%M%S"),
                )

            async with database.writer.begin() as connection:
                await connection.run_sync(revise)
            await database.close()

    asyncio.run(run())


if __name__ == "__main__":
    _write_version(sys.argv[1], sys.argv[2])
