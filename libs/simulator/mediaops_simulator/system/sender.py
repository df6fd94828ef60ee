"""Sends what is to be sent: many connections, everybody's acts in order, nothing given up."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from mediaops_common.clock import Clock

from mediaops_simulator.plan.sendings import Sending
from mediaops_simulator.system.api import Api
from mediaops_simulator.system.company import Workplace
from mediaops_simulator.system.imports import import_body
from mediaops_simulator.system.lines import Broken, Lines, Reply
from mediaops_simulator.truth.book import Book
from mediaops_simulator.wire.render import render

__all__ = ["NotTaken", "Sender"]

_PATIENCE = 60
"""Tries of one request, with a pause between them, before the simulation gives up."""

_UNAUTHORISED = 401
_TOO_MANY = 429
_TRY_AGAIN = {_TOO_MANY, 502, 503, 504}


class NotTaken(Exception):
    """A request was answered as it should not have been, or never."""


@dataclass(slots=True)
class Sender:
    """Requests of one lane go one after the other, lanes side by side."""

    api: Api
    lines: Lines
    workplace: Workplace
    book: Book
    clock: Clock
    on_sent: Callable[[int], None] = lambda acts: None

    async def send(self, sendings: Iterable[Sending]) -> None:
        """Returns when every one of them has been answered as it should be."""
        lanes: dict[tuple[str, int], list[Sending]] = defaultdict(list)
        for sending in sendings:
            lanes[sending.account, sending.lane].append(sending)
        async with asyncio.TaskGroup() as group:
            for lane in lanes.values():
                group.create_task(self._send_in_order(lane))

    async def _send_in_order(self, sendings: Sequence[Sending]) -> None:
        for sending in sendings:
            await self._send(sending)
            self.on_sent(len(sending.acts))

    async def _send(self, sending: Sending) -> None:
        for retry in range(_PATIENCE):
            begun = self.clock.now()
            try:
                reply = await self._request(sending, retry)
            except (Broken, httpx.TransportError):
                # It may have arrived. The server is to find out, by the key.
                self.book.unsure += 1
                await asyncio.sleep(min(0.1 * 2**retry, 2))
                continue
            if reply.status in _TRY_AGAIN:
                # 429 means refused. 503 may mean that it was kept too late for an answer.
                self.book.unsure += reply.status != _TOO_MANY
                await asyncio.sleep(float(reply.headers.get("retry-after", 1)))
                continue
            self._settle(sending, reply)
            self.book.watch_midnight(begun, self.clock.now())
            return
        raise NotTaken(f"{sending.account} {sending.key}: not after {_PATIENCE} tries")

    async def _request(self, sending: Sending, retry: int) -> Reply:
        connection = self.workplace.connections[sending.account]
        if sending.via == "api":
            body = import_body(sending, connection.channel_id)
            response = await self.api.client.post("/ingest/v1/activities", json=body)
            return Reply(response.status_code, dict(response.headers), response.content)
        now = int(self.clock.now().timestamp())
        request = render(sending, connection.credentials, now, retry=retry)
        return await self.lines.post(
            (sending.account, sending.lane),
            # The path alone, because a public address may not be one that leads there from here.
            urlsplit(connection.hook_url).path,
            request.params,
            request.headers,
            request.body,
        )

    def _settle(self, sending: Sending, reply: Reply) -> None:
        if sending.is_forged and reply.status == _UNAUTHORISED:
            self.book.refused += 1
        elif sending.is_forged or not 200 <= reply.status < 300:
            raise NotTaken(f"{sending.account} {sending.key}: {reply.status} {reply.body[:300]!r}")
        else:
            self.book.acknowledged(sending, self.clock.now())
