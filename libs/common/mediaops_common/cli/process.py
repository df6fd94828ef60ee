"""One process of mediaops: services, workers and the server, from start to a clean end."""

import asyncio
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from typing import Any, NoReturn

from pydantic import ValidationError
from pydantic_settings import SettingsError
from starlette.types import ASGIApp

from mediaops_common.bus.open import open_bus
from mediaops_common.cli.options import wrong_setting
from mediaops_common.clock import open_clock
from mediaops_common.failpoints import arm_from_environment
from mediaops_common.garbage import leave_alone_what_stays
from mediaops_common.http.app import build_app, build_directs, combine
from mediaops_common.http.server import listen, serve, url_of
from mediaops_common.keys import open_keys
from mediaops_common.schema import or_exit
from mediaops_common.service import Runtime, Service, close_runtime, open_runtime
from mediaops_common.settings import Settings
from mediaops_common.turns import take_short_turns
from mediaops_common.workers import run_workers

__all__ = ["Plan", "installed_console", "leave", "load_services", "owner_of", "run", "run_page"]

END_SECONDS = 9.0
"""After this the process ends whatever still runs: nothing acknowledged is lost by it."""


@dataclass(frozen=True)
class Plan:
    """What this process shall be."""

    settings: Settings
    services: Sequence[Service]
    owner: str
    console: ASGIApp | None = None
    has_workers: bool = True
    on_ready: Callable[[str, asyncio.Event], Awaitable[None]] | None = None
    """Called with the URL and the event of stopping when the server answers."""


def owner_of(settings: Settings) -> str:
    """What this process is called in leases. Where it is the only one its name stays, and so it
    takes over at once what it held before a crash. Replicas need names of their own."""
    if not settings.store.is_shared:
        return "the-only-one"
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


def load_services(only: Sequence[str] | None = None) -> dict[str, Service]:
    """The installed services, or those of them that are named, in the order in which events flow.

    A service that is not named is not imported. Exits when a named one is not installed.
    """
    points = {point.name: point for point in entry_points(group="mediaops.services")}
    unknown = set(only or ()) - set(points)
    if unknown:
        raise SystemExit(
            f"there is no service {', '.join(sorted(unknown))}; installed: {', '.join(points)}"
        )
    order = {name: place for place, name in enumerate(["ingest", "content", "crm", "insights"])}
    names = sorted(points if only is None else only, key=lambda name: (order.get(name, 9), name))
    return {name: points[name].load() for name in names}


def installed_console() -> ASGIApp | None:
    """The page at `/`, when it is installed."""
    for point in entry_points(group="mediaops.console"):
        app: ASGIApp = point.load()
        return app
    return None


async def run(plan: Plan) -> None:
    """Runs until SIGTERM or SIGINT, or until a worker fails; then lets everything end whole.

    Raises what a worker raised.
    """
    os.umask(0o077)
    take_short_turns()
    stopping = asyncio.Event()
    sock = listen(plan.settings.http)
    plan = _reachable(plan, url_of(sock, plan.settings.http))
    _stop_on_signals(stopping)
    async with AsyncExitStack() as stack:
        runtimes = await _open(plan, stack)
        apps: Mapping[str, ASGIApp] = {
            runtime.service.name: build_app(runtime.service, runtime) for runtime in runtimes
        }
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_spread(stopping, runtimes))
            if plan.has_workers:
                for runtime in runtimes:
                    tasks.create_task(_work(runtime, stopping))
            after = _Readiness(tasks, plan, url_of(sock, plan.settings.http), stopping)
            await serve(
                combine(apps, plan.console),
                plan.settings.http,
                sock,
                stopping=stopping,
                on_ready=after.begin,
                directs=build_directs(runtimes),
            )
            stopping.set()


async def run_page(settings: Settings) -> None:
    """Serves the console alone, which has neither data nor workers, until SIGTERM or SIGINT."""
    page = installed_console()
    if page is None:
        raise SystemExit("the console is not installed (mediaops-console)")
    stopping = asyncio.Event()
    sock = listen(settings.http)
    _stop_on_signals(stopping)
    await serve(combine({}, page), settings.http, sock, stopping=stopping)


def leave() -> NoReturn:
    """Ends the process with 0 when all is closed.

    The interpreter would take itself apart first, which takes seconds on a busy machine.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _reachable(plan: Plan, url: str) -> Plan:
    """Hook URLs begin with where this process listens, unless it is told otherwise."""
    settings = plan.settings
    if settings.store.public_url:
        return plan
    store = settings.store.model_copy(update={"public_url": url})
    return replace(plan, settings=replace(settings, store=store))


class _Readiness:
    """Runs `on_ready` beside the server; when that fails, the process ends with its error."""

    def __init__(
        self, tasks: asyncio.TaskGroup, plan: Plan, url: str, stopping: asyncio.Event
    ) -> None:
        self.tasks, self.plan, self.url, self.stopping = tasks, plan, url, stopping

    def begin(self) -> None:
        leave_alone_what_stays()
        if self.plan.on_ready is not None:
            self.tasks.create_task(self._run(self.plan.on_ready))

    async def _run(self, on_ready: Callable[[str, asyncio.Event], Awaitable[None]]) -> None:
        try:
            await on_ready(self.url, self.stopping)
        except (Exception, SystemExit):
            if self.stopping.is_set():
                return  # its server went away under it, as it should
            self.stopping.set()
            raise


def _check_settings(service: Service) -> None:
    """Exits with a sentence before anything is opened."""
    try:
        service.settings()
    except ValidationError as error:
        config = getattr(service.settings, "model_config", {})
        raise SystemExit(wrong_setting(error, config.get("env_prefix", ""))) from None
    except SettingsError as error:
        raise SystemExit(str(error)) from None


async def _open(plan: Plan, stack: AsyncExitStack) -> list[Runtime]:
    settings = plan.settings
    for service in plan.services:
        _check_settings(service)
    arm_from_environment(production=settings.store.production)
    clock = open_clock(production=settings.store.production)
    keys = open_keys(settings.keys, settings.store.data / "keys")
    url = settings.store.bus_url or f"sqlite:///{settings.store.data}/bus.db"
    try:
        opened = await open_bus(url, settings.bus)
    except ValueError as error:
        raise SystemExit(str(error)) from None
    bus = await stack.enter_async_context(_closing(opened))
    runtimes = []
    for service in plan.services:
        with or_exit(service.name):
            runtime = await open_runtime(
                service, bus=bus, clock=clock, keys=keys, common=settings, owner=plan.owner
            )
        stack.push_async_callback(close_runtime, runtime)
        runtimes.append(runtime)
    return runtimes


@asynccontextmanager
async def _closing(bus: Any) -> AsyncIterator[Any]:
    try:
        yield bus
    finally:
        await bus.close()


async def _spread(stopping: asyncio.Event, runtimes: Sequence[Runtime]) -> None:
    """Tells every service that the process ends, so that its streams end too."""
    await stopping.wait()
    for runtime in runtimes:
        runtime.stopping.set()


async def _work(runtime: Runtime, stopping: asyncio.Event) -> None:
    try:
        await run_workers(runtime, stopping)
    except BaseException:
        stopping.set()
        raise


def _stop_on_signals(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if not stopping.is_set():
            stopping.set()
            # A thread, because the loop itself may be over and wait for its threads by then.
            last = threading.Timer(END_SECONDS, os._exit, (0,))
            last.daemon = True
            last.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
