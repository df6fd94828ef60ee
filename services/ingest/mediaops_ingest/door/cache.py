"""What the door knows by heart: sources by hook key, channels, callers by token."""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import structlog
from mediaops_common.clock import Clock
from mediaops_common.db import UNAVAILABLE, Database
from mediaops_common.http import Problem, Unavailable
from mediaops_common.ids import shard_of
from mediaops_common.keys import SecretBox
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.channels import service as channels
from mediaops_ingest.door.allowances import Allowances
from mediaops_ingest.platforms.declaration import Declaration
from mediaops_ingest.platforms.port import Verifier
from mediaops_ingest.sources import service as sources
from mediaops_ingest.sources.secrets import HOOK_KEY_LENGTH, hook_digest
from mediaops_ingest.workspaces import service as workspaces

__all__ = ["DoorCache", "HookSource", "KnownChannel"]

log = structlog.get_logger(__name__)

ALWAYS_HIDDEN = frozenset({b"authorization", b"proxy-authorization", b"cookie"})
LOOK_SECONDS = 0.4
"""How often the registry's version is read; a change is seen well within a second."""
READ_SECONDS = 0.8
"""How long a request waits until its source is read; then it is asked to come again. The shortest
deadline is the second in which WeCom wants its handshake answered."""
READS_AT_ONCE = 4
MAX_READING = 1_000
"""Keys that may wait for a slow registry at one moment: strangers can make up any number."""
SLOW = "the registry is slow: send it again"
KNOWN_CHANNELS = 50_000


@dataclass(frozen=True, slots=True)
class HookSource:
    """A source with its proof prepared, ready for the next request."""

    id: UUID
    version: int
    workspace_id: UUID
    channel_id: UUID
    shard: int
    declaration: Declaration
    verifier: Verifier
    hidden_headers: frozenset[bytes]
    fresh_until: float
    """Unix time at which one of its secrets retires, and it must be prepared anew."""


@dataclass(frozen=True, slots=True)
class KnownChannel:
    """A channel that the API may post for; its implicit source is there."""

    id: UUID
    source_id: UUID
    shard: int


class DoorCache:
    """Knows each source that was asked for, and goes on knowing it: what this process makes or
    changes is read in the transaction that does so, what another replica changed by `follow`. So
    whatever a statement takes, a known source is answered without one.
    """

    def __init__(
        self,
        database: Database,
        box: SecretBox,
        clock: Clock,
        allowances: Allowances,
        *,
        unknown_hooks: int,
    ) -> None:
        self._database, self._box, self._clock = database, box, clock
        self._allowances = allowances
        self._hooks: dict[str, HookSource] = {}
        self._unknown: OrderedDict[str, None] = OrderedDict()
        self._max_unknown = unknown_hooks
        self._channels: OrderedDict[tuple[UUID, UUID], KnownChannel | None] = OrderedDict()
        self._loading: dict[str, asyncio.Task[HookSource | None]] = {}
        self._reads = asyncio.Semaphore(READS_AT_ONCE)
        self._reading = 0
        self._came: set[str] = set()
        """Keys of what requests read since the last look began."""
        self._generation = 0
        self._version = -1

    async def prepare(self, session: AsyncSession, source: sources.Source) -> HookSource | None:
        """The source as the door needs it. None for a disabled one, and one without a hook.

        Raises SecretsLocked.
        """
        if not source.is_enabled or source.channel_id is None or source.hook_digest is None:
            return None
        now = self._clock.now()
        opened = await sources.open_source(session, self._box, source)
        declaration = opened.adapter.declaration
        retires = opened.next_retirement(now)
        return HookSource(
            id=source.id,
            version=source.version,
            workspace_id=source.workspace_id,
            channel_id=source.channel_id,
            shard=shard_of(source.channel_id),
            declaration=declaration,
            verifier=opened.adapter.prepare(opened.live_secrets(now), source.config),
            hidden_headers=ALWAYS_HIDDEN | declaration.hidden_headers,
            fresh_until=math.inf if retires is None else retires.timestamp(),
        )

    def learn(self, known: Mapping[str, HookSource | None]) -> None:
        """By hook key, what was committed a moment ago; None for what is no more, or has to be read
        when it is asked for."""
        # What is being read now may be from before the change. Those who asked before it get that,
        # and nobody else. And what was not there may be by now.
        self._generation += 1
        self._version = -1  # another replica may have changed it again: the next look compares
        self._loading.clear()
        self._unknown.clear()
        for ids in [ids for ids, channel in self._channels.items() if channel is None]:
            del self._channels[ids]
        for key, source in known.items():
            self._came.discard(key)
            self._hooks.pop(key, None)
            if source is not None:
                self._hooks[key] = source

    async def follow(self) -> None:
        """Runs until it is cancelled."""
        while True:
            try:
                await self._look()
            except Exception as error:
                # What is known stays in force; the next look may find the database again.
                if self._database.trouble is None:  # else the database has told of it
                    log.warning("registry_unread", error=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> None:
        generation = self._generation
        self._came.clear()
        async with self._database.read() as session:
            version = await sources.version(session)
            if version == self._version:
                return
            self._allowances.learn(await sources.limits(session), await workspaces.limits(session))
            before = dict(self._hooks)
            ids = [source.id for source in before.values()]
            current = await sources.enabled_versions(session, ids)
        changed = [key for key, one in before.items() if current.get(one.id) != one.version]
        fresh = {key: await self._read_again(key) for key in changed}
        # What changed here meanwhile is newer; what a request read meanwhile may be from before.
        still = {key: one for key, one in fresh.items() if self._hooks.get(key) is before[key]}
        is_over = generation == self._generation
        self.learn({**still, **dict.fromkeys(self._came)})
        if is_over:
            self._version = version

    async def _read_again(self, key: str) -> HookSource | None:
        try:
            return await self._read(key)
        except Problem:
            return None  # its next request is told of it
        except UNAVAILABLE:
            raise  # what is known stays in force
        except Exception as error:
            # One that cannot be read must not keep what has changed of the others unknown.
            log.warning("source_unread", error=type(error).__name__)
            return None

    def known(self, key: str) -> HookSource | None:
        """The enabled source of a hook key, where it is known already."""
        found = self._hooks.get(key)
        if found is None or found.fresh_until == math.inf:
            return found
        return found if found.fresh_until > self._clock.now().timestamp() else None

    async def hook(self, key: str) -> HookSource | None:
        """The enabled source of a hook key. None for an unknown key and for a disabled source."""
        if len(key) != HOOK_KEY_LENGTH:
            return None  # nobody's, and not to be remembered: it may be as long as an address
        found = self.known(key)
        if found is not None:
            return found
        if key in self._unknown:
            self._unknown.move_to_end(key)
            return None
        # Many requests may come for a source that is not known yet; one of them reads, and goes on
        # when they have lost patience: what it finds is there for those who come again.
        task = self._loading.get(key)
        if task is None:
            if self._reading >= MAX_READING:
                raise Unavailable(SLOW)
            self._reading += 1
            task = self._loading[key] = asyncio.create_task(self._load(key))
            task.add_done_callback(partial(self._loaded, key))
        done, _ = await asyncio.wait({task}, timeout=READ_SECONDS)
        if not done:
            raise Unavailable(SLOW)
        return task.result()

    def _loaded(self, key: str, task: "asyncio.Task[HookSource | None]") -> None:
        self._reading -= 1
        if self._loading.get(key) is task:
            del self._loading[key]
        if not task.cancelled():
            task.exception()  # told to those who still wait; there may be nobody any more

    async def _load(self, key: str) -> HookSource | None:
        generation = self._generation
        async with self._reads:
            found = await self._read(key)
        if generation != self._generation:
            return found  # it may be from before a change: good for who asked before it, no more
        if found is not None:
            self._hooks[key] = found
            self._came.add(key)
        else:
            self._unknown[key] = None
            if len(self._unknown) > self._max_unknown:
                self._unknown.popitem(last=False)
        return found

    async def _read(self, key: str) -> HookSource | None:
        async with self._database.read() as session:
            source = await sources.find_by_hook(session, hook_digest(key.encode()))
            return None if source is None else await self.prepare(session, source)

    async def channels(
        self, workspace_id: UUID, channel_ids: Collection[UUID]
    ) -> dict[UUID, KnownChannel]:
        """Those of the ids that are channels of the workspace."""
        found: dict[UUID, KnownChannel | None] = {}
        unseen: list[UUID] = []
        for id_ in channel_ids:
            if (workspace_id, id_) in self._channels:
                found[id_] = self._channels[workspace_id, id_]
            else:
                unseen.append(id_)
        if unseen:
            # What is known already is held here: while this reads, all may be forgotten.
            found |= await self._load_channels(workspace_id, unseen)
        return {id_: channel for id_, channel in found.items() if channel is not None}

    async def _load_channels(
        self, workspace_id: UUID, unseen: list[UUID]
    ) -> dict[UUID, KnownChannel | None]:
        generation = self._generation
        async with self._database.read() as session:
            rows = await channels.by_ids(session, workspace_id, unseen)
            ids = [sources.api_source_id(row.id) for row in rows]
            there = {source.id for source in await sources.by_ids(session, ids)}
        for row in rows:
            if sources.api_source_id(row.id) not in there:
                await self._make_source(workspace_id, row.id)
        found: dict[UUID, KnownChannel | None] = dict.fromkeys(unseen)
        for row in rows:
            found[row.id] = KnownChannel(row.id, sources.api_source_id(row.id), shard_of(row.id))
        if generation == self._generation:
            self._channels.update(((workspace_id, id_), found[id_]) for id_ in unseen)
            while len(self._channels) > KNOWN_CHANNELS:
                self._channels.popitem(last=False)
        return found

    async def workspace_source(self, workspace_id: UUID) -> UUID:
        """The implicit source for what names no channel of the workspace."""
        source_id = sources.api_source_id(workspace_id)
        if (workspace_id, workspace_id) not in self._channels:
            await self._make_source(workspace_id, None)
            self._channels[workspace_id, workspace_id] = None
        return source_id

    async def _make_source(self, workspace_id: UUID, channel_id: UUID | None) -> None:
        async with self._database.write() as session:
            await sources.api_source(session, workspace_id, channel_id, now=self._clock.now())
