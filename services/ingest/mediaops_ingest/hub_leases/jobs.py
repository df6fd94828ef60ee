"""Asks for topics that are new, changed, or whose lease nears its end."""

import asyncio
import http.client

import structlog
from mediaops_common.jobs import Job
from mediaops_common.service import Runtime

from mediaops_ingest.hub_leases import service
from mediaops_ingest.hub_leases.hub import ask, is_local
from mediaops_ingest.hub_leases.models import HubLease
from mediaops_ingest.settings import IngestSettings
from mediaops_ingest.sources import service as sources
from mediaops_ingest.sources.secrets import open_hook_key

__all__ = ["ASK_HUBS"]

log = structlog.get_logger(__name__)

ADAPTER = "youtube-websub"
AT_ONCE = 20
UNREACHABLE = "the hub cannot reach this address: start with --public-url"


async def ask_hubs(runtime: Runtime) -> None:
    """Follows the sources, then asks for what is due."""
    async with runtime.database.read() as session:
        found = await sources.by_adapter(session, ADAPTER)
    if not found:
        return
    now = runtime.clock.now()
    async with runtime.database.write() as session:
        for source in found:
            topics = source.config.get("expected_topics", []) if source.is_enabled else []
            await service.follow_source(session, source, topics, now)
    async with runtime.database.read() as session:
        due = await service.due(session, now, limit=AT_ONCE)
    for lease in due:
        await _renew(runtime, lease)


async def _renew(runtime: Runtime, lease: HubLease) -> None:
    """Noted before the hub is asked, so that its answer, which comes to the hook, stands."""
    settings: IngestSettings = runtime.settings
    is_reachable = is_local(settings.hub_url) or not is_local(runtime.public_url)
    state, reason = ("asked", "") if is_reachable else ("unreachable", UNREACHABLE)
    async with runtime.database.write() as session:
        await service.note_attempt(session, lease.id, state, reason, runtime.clock.now())
    if not is_reachable:
        return
    async with runtime.database.read() as session:
        source = await sources.find(session, lease.workspace_id, lease.source_id)
        opened = await sources.open_source(session, runtime.keys.box, source)
    secret = opened.secrets[0].get("hub_secret", "")
    callback = f"{runtime.public_url}/ingest/hooks/{open_hook_key(runtime.keys.box, source)}"
    try:
        refused = await asyncio.to_thread(
            ask,
            settings.hub_url,
            callback=callback,
            topic=lease.topic,
            secret=str(secret),
            seconds=service.ASKED_SECONDS,
        )
    except (OSError, http.client.HTTPException) as error:
        refused = f"the hub did not answer ({type(error).__name__})"
    if refused is not None:
        log.warning("hub_refused", source_id=str(source.id))
        async with runtime.database.write() as session:
            await service.note_refusal(session, lease.id, refused)


ASK_HUBS = Job("ask-hubs", every_seconds=10.0, run=ask_hubs)
"""A source is subscribed within seconds of being made."""
