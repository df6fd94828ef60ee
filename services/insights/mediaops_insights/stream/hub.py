"""One poller per process reads the stream and hands its events to every listener."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from uuid import UUID

from mediaops_common.db import Database
from mediaops_common.outages import tell_failure
from mediaops_common.pace import until
from mediaops_common.reach import reaching

from mediaops_insights.stream import service
from mediaops_insights.stream.service import StreamEvent

__all__ = ["Hub", "Listener"]

WAITING = 100
"""Events that may wait for a slow listener. What no longer fits it reads from the database: numbers
have no holes, so that it sees what it missed."""

POLL_SECONDS = 1.0
"""How long a commit of another process may go unnoticed."""


class Listener:
    """One connection's events of one workspace, from some number on, in order and without holes."""

    def __init__(self, hub: "Hub", workspace_id: UUID, last: int) -> None:
        self.workspace_id = workspace_id
        self.last = last
        """The number of the event that was handed over last."""
        self._hub = hub
        self._queue: asyncio.Queue[StreamEvent] = asyncio.Queue(WAITING)
        self._is_behind = True
        """The database may hold events that are not in the queue."""

    def offer(self, event: StreamEvent) -> None:
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            self._is_behind = True

    async def next(self, timeout: float) -> list[StreamEvent]:
        """The next events; [] after `timeout` seconds without any."""
        found: list[StreamEvent] = []
        if self._is_behind and self._queue.empty():
            self._is_behind = False
            found = await self._hub.read(self.workspace_id, self.last)
            self._is_behind = self._is_behind or bool(found)
        if not found:
            found = await self._handed_out(timeout)
        if found:
            self.last = found[-1].id
        return found

    async def _handed_out(self, timeout: float) -> list[StreamEvent]:
        try:
            event = await asyncio.wait_for(self._queue.get(), timeout)
        except TimeoutError:
            return []
        if event.id <= self.last:
            return []
        if event.id > self.last + 1:
            self._is_behind = True  # one reading may not reach as far as the event
            return await self._hub.read(self.workspace_id, self.last)
        return [event]


class Hub:
    """The poller runs while somebody listens, and only then."""

    def __init__(self, database: Database, stopping: asyncio.Event) -> None:
        self.stopping = stopping
        self._database = database
        self._committed = database.committed()
        self._listeners: set[Listener] = set()
        self._positions: dict[UUID, int] = {}
        self._task: asyncio.Task[None] | None = None

    async def read(self, workspace_id: UUID, after: int) -> list[StreamEvent]:
        # The poller serves all listeners, whoever's request began it.
        with reaching(workspace_id):
            async with self._database.read() as session:
                return await service.events_after(session, workspace_id, after)

    @contextlib.asynccontextmanager
    async def listen(self, workspace_id: UUID, after: int) -> AsyncIterator[Listener]:
        """A listener whose first event is the one behind `after`."""
        listener = Listener(self, workspace_id, after)
        self._listeners.add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll())
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def _poll(self) -> None:
        while self._listeners and not self.stopping.is_set():
            self._committed.clear()
            try:
                await self._hand_out()
            except Exception:
                tell_failure("stream_poll_failed", self._database)
                await asyncio.sleep(POLL_SECONDS)
            await until(self._committed, POLL_SECONDS)
        self._positions.clear()

    async def _hand_out(self) -> None:
        listening: dict[UUID, int] = {}
        for one in self._listeners:
            listening[one.workspace_id] = max(one.last, listening.get(one.workspace_id, 0))
        # Nobody needs what the furthest listener has: who is behind reads that by itself. The
        # newest event is read once more, for somebody may have looked before it was there.
        self._positions = {
            workspace_id: max(self._positions.get(workspace_id, 0), newest - 1)
            for workspace_id, newest in listening.items()
        }
        for workspace_id in listening:
            for event in await self.read(workspace_id, self._positions[workspace_id]):
                self._positions[workspace_id] = event.id
                # Those who came while it was read too: their own look may have been before it.
                for one in self._listeners:
                    if one.workspace_id == workspace_id:
                        one.offer(event)

    async def close(self) -> None:
        """Ends the poller; listeners end by themselves."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
