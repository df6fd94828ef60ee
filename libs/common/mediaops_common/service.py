"""A service as one declaration, and what it has while it runs."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData

from mediaops_common.auth import DenyList, TokenReader
from mediaops_common.bus import Bus
from mediaops_common.clock import Clock
from mediaops_common.db import UNAVAILABLE, Database, open_database
from mediaops_common.health import HealthChecks, Unhealthy
from mediaops_common.http.callers import Authenticator
from mediaops_common.http.workspaces import KnownWorkspaces
from mediaops_common.idempotency import FORGET_ANSWERS
from mediaops_common.jobs import Job
from mediaops_common.keys import Keys
from mediaops_common.schema import prepare
from mediaops_common.settings import Settings

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.types import ASGIApp

    from mediaops_common.carrying import Beside
    from mediaops_common.consumer import ConsumerGroup, Handlers
    from mediaops_common.http.direct import Direct

__all__ = ["Runtime", "Service", "close_runtime", "open_runtime"]


@dataclass(frozen=True)
class Service:
    """Everything that makes a service: the table of contents that its `main.py` holds."""

    name: str
    metadata: MetaData
    settings: Callable[[], Any] = dict
    """Called once without arguments: the service's own BaseSettings class."""
    routers: Sequence["APIRouter"] = ()
    handlers: Sequence["Handlers"] = ()
    groups: Sequence["ConsumerGroup"] = ()
    jobs: Sequence[Job] = ()
    workers: Sequence[Callable[["Runtime", asyncio.Event], Awaitable[None]]] = ()
    """Loops of its own beside consumers and jobs; each returns soon after the event is set."""
    start: Callable[["Runtime"], Awaitable[None]] | None = None
    """More wiring, before the first request: fill `runtime.state`, add health checks."""
    stop: Callable[["Runtime"], Awaitable[None]] | None = None
    """Undoes it, after the last."""
    front: "Callable[[ASGIApp, Runtime], ASGIApp] | None" = None
    """A raw ASGI door in front of FastAPI for the hot paths."""
    direct: "Callable[[Runtime], Direct] | None" = None
    """What is answered even without ASGI: the hottest path of all."""
    beside: Sequence["Beside"] = ()
    """What it keeps outside of its tables, for dumps."""
    owns_workspaces: bool = False
    """Writes the table `workspace` itself: a slug that is not there does not exist."""
    migrations: Path | None = None

    def __post_init__(self) -> None:
        # What every service does, none needs to declare; a copy of a service has it already.
        if FORGET_ANSWERS not in self.jobs:
            object.__setattr__(self, "jobs", (*self.jobs, FORGET_ANSWERS))

    @property
    def versions(self) -> Path:
        """The folder of its migrations."""
        if self.migrations is not None:
            return self.migrations
        package = import_module(f"mediaops_{self.name}")
        return Path(package.__file__ or "").parent / "migrations" / "versions"


@dataclass
class Runtime:
    """What a running service has; `request.app.state.runtime` in a route."""

    service: Service
    database: Database
    bus: Bus
    clock: Clock
    settings: Any
    """The service's own settings."""
    common: Settings
    """The settings that all services share."""
    keys: Keys
    data_dir: Path
    authenticator: Authenticator
    workspaces: KnownWorkspaces
    health: HealthChecks = field(default_factory=HealthChecks)
    state: dict[str, Any] = field(default_factory=dict)
    """What the service puts there for itself while it starts."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the process is asked to end: streams that never end by themselves end."""

    @property
    def public_url(self) -> str:
        """What hook URLs and links begin with, without a slash at the end."""
        return (self.common.store.public_url or "http://127.0.0.1:8000").rstrip("/")

    @property
    def inner_url(self) -> str:
        """Likewise, for requests of this process to the system that it belongs to."""
        return (self.common.store.inner_url or self.public_url).rstrip("/")


async def open_runtime(
    service: Service,
    *,
    bus: Bus,
    clock: Clock,
    keys: Keys,
    common: Settings | None = None,
    owner: str = "one-process",
    migrating: bool = True,
) -> Runtime:
    """Opens the database (and prepares its tables), then lets the service start.

    `owner` names this process in leases. Where the data directory's lock lets only one process run,
    a constant name lets it take over at once after a crash.
    """
    common = common or Settings()
    data_dir = common.store.data
    url = common.store.url_of(service.name)
    database = open_database(url, name=service.name, metadata=service.metadata)
    wait = {"wait_seconds": 0.0} if service.owns_workspaces else {}
    workspaces = KnownWorkspaces(database, **wait)
    authenticator = Authenticator(
        TokenReader(keys.public, common.keys, clock),
        DenyList(common.keys.revoked_file or data_dir / "keys" / "revoked.txt"),
        workspaces,
    )
    runtime = Runtime(
        service=service,
        database=database,
        bus=bus,
        clock=clock,
        settings=service.settings(),
        common=common,
        keys=keys,
        data_dir=data_dir,
        authenticator=authenticator,
        workspaces=workspaces,
    )
    runtime.state["owner"] = owner
    if database.dialect == "postgresql":
        runtime.health.add("database", partial(_check_database, database))
    try:
        if migrating:
            await prepare(service, common.store, database)
        if service.start is not None:
            await service.start(runtime)
    except BaseException:
        await database.close()
        raise
    return runtime


async def _check_database(database: Database) -> None:
    """Asks it, because nobody else may do so just now. Raises Unhealthy."""
    try:
        async with database.read() as session:
            await session.connection()
    except UNAVAILABLE as error:
        raise Unhealthy(
            database.trouble or f"the database gives no connection: {type(error).__name__}",
            repair="see to PostgreSQL, or to MEDIAOPS_DATABASE_URL; it goes on by itself",
        ) from error


async def close_runtime(runtime: Runtime) -> None:
    """Stops the service and closes its database. The bus belongs to the process."""
    runtime.stopping.set()
    if runtime.service.stop is not None:
        await runtime.service.stop(runtime)
    await runtime.database.close()
