"""Alembic for each service: to the newest version at start, and a new version for developers."""

import asyncio
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, MetaData, inspect

from mediaops_common.db import Database, open_database
from mediaops_common.room import make_room
from mediaops_common.row_security import lend, secure

__all__ = ["ForeignTables", "drift", "is_newer", "is_newest", "migrate", "newest"]

ENVIRONMENT = Path(__file__).parent / "alembic_environment"


TAKE_TURNS = (
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL lock_timeout = 0",
    "SELECT pg_advisory_xact_lock(hashtext('mediaops.migrations'))",
    "SET LOCAL lock_timeout = '5s'",
)
"""Replicas that start together take turns, however long the first one needs, and see then what it
did; a migration itself never queues for long behind a lock, because all who come later queue behind
it."""


class ForeignTables(Exception):
    """Something that is not the service has made the tables of its database."""


def _config(versions: Path, connection: Connection, metadata: MetaData) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(ENVIRONMENT))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    config.attributes["metadata"] = metadata
    return config


async def migrate(
    database: Database, versions: Path, metadata: MetaData, *, lend_to: str | None = None
) -> bool:
    """Brings the database to the newest version of the service's migrations, or changes nothing.
    False where a newer version has migrated it: that is left as it is. Raises ForeignTables.

    On PostgreSQL every table then shows its rows by workspace and has the room that it declares,
    and `lend_to`, the role that serves, may use the tables.
    """
    async with database.writer.begin() as connection:
        if database.dialect == "postgresql":
            for statement in TAKE_TURNS:
                await connection.exec_driver_sql(statement)
        if await connection.run_sync(_is_newer, versions, metadata):
            return False
        await connection.run_sync(_upgrade, versions, metadata)
        if database.dialect == "postgresql":
            await connection.run_sync(secure, metadata)
            await connection.run_sync(make_room, metadata)
            if lend_to is not None:
                await connection.run_sync(lend, lend_to)
    return True


def _upgrade(connection: Connection, versions: Path, metadata: MetaData) -> None:
    from alembic import command

    command.upgrade(_config(versions, connection, metadata), "head")


def newest(versions: Path) -> list[str]:
    """The newest version of a service's migrations, as alembic names it."""
    return list(_scripts(versions).get_heads())


def _scripts(versions: Path) -> Any:
    from alembic.script import ScriptDirectory

    return ScriptDirectory(ENVIRONMENT, version_locations=[versions])


def _heads(connection: Connection) -> set[str]:
    from alembic.migration import MigrationContext

    return set(MigrationContext.configure(connection).get_current_heads())


def _is_newer(connection: Connection, versions: Path, metadata: MetaData) -> bool:
    if _heads(connection) <= {one.revision for one in _scripts(versions).walk_revisions()}:
        return False
    # A newer version has what this one needs: it takes away only what the one before did without.
    if not metadata.tables.keys() <= set(inspect(connection).get_table_names()):
        raise ForeignTables
    return True


async def is_newest(database: Database, versions: Path) -> bool:
    """Whether the database is at the newest version; changes nothing."""
    async with database.reader.connect() as connection:
        return await connection.run_sync(_heads) == set(newest(versions))


async def is_newer(database: Database, versions: Path, metadata: MetaData) -> bool:
    """Whether a version has migrated the database that this one does not know. Raises
    ForeignTables."""
    async with database.reader.connect() as connection:
        return await connection.run_sync(_is_newer, versions, metadata)


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
