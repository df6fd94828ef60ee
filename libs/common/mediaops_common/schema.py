"""The tables of a service as this version needs them, made by the role that owns them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from mediaops_common.db import Database, open_database
from mediaops_common.migrations import ForeignTables, is_newer, is_newest, migrate
from mediaops_common.row_security import is_above_the_law, may_make_tables

if TYPE_CHECKING:
    from mediaops_common.service import Service
    from mediaops_common.settings import StoreSettings

__all__ = ["or_exit", "prepare", "prepare_to_carry", "refuse_company", "upgrade"]

log = structlog.get_logger(__name__)

LOCK_NOT_AVAILABLE = "55P03"


@contextmanager
def or_exit(service_name: str) -> Iterator[None]:
    """Exits with a sentence where the service's database cannot be used."""
    try:
        yield
    except ForeignTables:
        raise SystemExit(
            f"{service_name} cannot use its database: the tables in it are of another service."
            " Give each its own, with {service} in MEDIAOPS_DATABASE_URL"
        ) from None
    except DBAPIError as error:
        cause = error.orig
        if getattr(cause, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            raise SystemExit(
                f"somebody holds a table of {service_name} that is to be changed: nothing was"
                " changed; try again"
            ) from None
        reason = str(cause).partition("\n")[0].rpartition(">: ")[2]
        raise SystemExit(
            f"{service_name} cannot use its database: {reason or type(cause).__name__}"
        ) from None


async def upgrade(service: "Service", store: "StoreSettings") -> bool:
    """Brings the service's database to the newest version and lets the role that serves use it.
    False where a newer version has migrated it: that is left as it is."""
    serving, owning = store.url_of(service.name), store.owner_url_of(service.name)
    database = open_database(owning or serving, name=service.name, metadata=service.metadata)
    lend_to = make_url(serving).username if owning else None
    try:
        return await migrate(database, service.versions, service.metadata, lend_to=lend_to)
    finally:
        await database.close()


async def prepare_to_carry(service: "Service", store: "StoreSettings") -> None:
    """Likewise before a dump and a load. Raises ValueError where a newer version has migrated it:
    what this one does not know of would be left out."""
    if not await upgrade(service, store):
        raise ValueError(f"a newer version has migrated {service.name}: do it with that one")


OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name = 'mediaops' AND pid <> pg_backend_pid()"
)


async def refuse_company(service: "Service", store: "StoreSettings") -> None:
    """Exits with a sentence while a process of mediaops is connected to the service's database; a
    data directory has a lock for that."""
    url = store.url_of(service.name)
    database = open_database(url, name=service.name, metadata=service.metadata)
    try:
        if database.dialect == "postgresql":
            async with database.reader.connect() as connection:
                others = await connection.scalar(OTHERS)
            if others:
                raise SystemExit(
                    f"processes of mediaops have {others} connections to the database of"
                    f" {service.name}: stop them first"
                )
    finally:
        await database.close()


async def prepare(service: "Service", store: "StoreSettings", database: Database) -> None:
    """Before a service starts: migrates where this process may, else finds it done. Tables of a
    newer version serve this one too: it starts on them and says so in the log.

    Exits with a sentence where the database is older than this version, and where its role would
    see or change what a role that serves must not.
    """
    if database.dialect == "sqlite":
        is_own = await migrate(database, service.versions, service.metadata)
    else:
        is_own = await _prepare_server(service, store, database)
    if not is_own:
        log.warning("database_is_newer", service=service.name)


async def _prepare_server(service: "Service", store: "StoreSettings", database: Database) -> bool:
    """Whether the tables are this version's, and not a newer one's."""
    async with database.reader.connect() as connection:
        above, owns = [await connection.run_sync(f) for f in (is_above_the_law, may_make_tables)]
    if above:
        raise SystemExit(
            f"the role that serves {service.name} is a superuser, or bypasses row-level security:"
            " give MEDIAOPS_DATABASE_URL one that is neither"
        )
    if owns and store.production:
        raise SystemExit(
            f"the role that serves {service.name} owns its tables: give MEDIAOPS_DATABASE_URL"
            " another, and the owner to `mediaops migrate` as MEDIAOPS_DATABASE_OWNER_URL"
        )
    if owns or store.database_owner_url is not None:
        return await upgrade(service, store)
    if await is_newer(database, service.versions, service.metadata):
        return False
    if not await is_newest(database, service.versions):
        raise SystemExit(
            f"the database of {service.name} is not at the version of this program: run"
            " `mediaops migrate` with MEDIAOPS_DATABASE_OWNER_URL"
        )
    return True
