"""Starts and stops the door with the service."""

import asyncio
from contextlib import suppress

from mediaops_common.service import Runtime

from mediaops_ingest.delivery_log.port import DeliveryLog
from mediaops_ingest.door.allowances import Allowances
from mediaops_ingest.door.cache import DoorCache
from mediaops_ingest.door.callers import KnownCallers
from mediaops_ingest.door.direct import DirectHooks
from mediaops_ingest.door.hooks import HookDoor
from mediaops_ingest.door.keeping import Entrance
from mediaops_ingest.door.leases import LeaseBook
from mediaops_ingest.door.measures import BACKLOG
from mediaops_ingest.door.posts import PostDoor
from mediaops_ingest.settings import IngestSettings

__all__ = ["start", "stop"]


async def start(runtime: Runtime) -> None:
    """After the delivery log."""
    settings: IngestSettings = runtime.settings
    log: DeliveryLog = runtime.state["delivery_log"]
    http = runtime.common.http
    allowances = Allowances(settings.source_limit, settings.workspace_limit)
    entrance = Entrance(log, allowances, settings.backlog_cap)
    most = http.max_body_bytes
    cache = DoorCache(
        runtime.database,
        runtime.keys.box,
        runtime.clock,
        allowances,
        unknown_hooks=settings.unknown_hooks,
    )
    callers = KnownCallers(runtime.authenticator, runtime.database, cors_origins=http.cors_origins)
    runtime.state["allowances"] = allowances
    runtime.state["door_cache"] = cache
    hooks = (cache, log, runtime.clock, entrance)
    leases = LeaseBook(runtime.database, runtime.clock)
    runtime.state["hook_door"] = HookDoor(*hooks, leases=leases, max_body=most)
    runtime.state["direct_hooks"] = DirectHooks(*hooks, max_body=most)
    runtime.state["post_door"] = PostDoor(
        cache,
        callers,
        log,
        runtime.clock,
        allowances=allowances,
        max_body=most,
        backlog_cap=settings.backlog_cap,
    )
    runtime.state["door_follower"] = asyncio.create_task(cache.follow())
    BACKLOG.set_function(lambda: log.backlog)


async def stop(runtime: Runtime) -> None:
    follower: asyncio.Task[None] = runtime.state["door_follower"]
    follower.cancel()
    with suppress(asyncio.CancelledError):
        await follower
    BACKLOG.set_function(lambda: 0.0)
