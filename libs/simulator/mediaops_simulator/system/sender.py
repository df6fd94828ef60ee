"""Sends what is to be sent: many connections, everybody's acts in order, nothing given up."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from mediaops_common.clock import Clock

from mediaops_simulator.plan.sendings import Sending
from mediaops_simulator.system.api import Api, Unexpected
from mediaops_simulator.system.company import Workplace
from mediaops_simulator.system.imports import import_body
from mediaops_simulator.truth.book import Book
from mediaops_simulator.wire.render import render

__all__ = ["Sender"]

_PATIENCE = 60
"""Tries of one request, with a pause between them, before the simulation gives up."""

_UNAUTHORISED = 401
_TRY_AGAIN = {429, 502, 503, 504}


@dataclass(slots=True)
class Sender:
    """Requests of one lane go one after the other, lanes side by side."""

    api: Api
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
                response = await self._request(sending, retry)
            except httpx.TransportError:
                # It may have arrived. The server is to find out, by the key.
                self.book.unsure += 1
                await asyncio.sleep(min(0.1 * 2**retry, 2))
                continue
            if response.status_code in _TRY_AGAIN:
                await asyncio.sleep(float(response.headers.get("retry-after", 1)))
                continue
            self._settle(sending, response)
            self.book.watch_midnight(begun, self.clock.now())
            return
        raise TimeoutError(f"{sending.account} {sending.key} was not taken after {_PATIENCE} tries")

    async def _request(self, sending: Sending, retry: int) -> httpx.Response:
        connection = self.workplace.connections[sending.account]
        if sending.via == "api":
            body = import_body(sending, connection.channel_id)
            return await self.api.client.post("/ingest/v1/activities", json=body)
        now = int(self.clock.now().timestamp())
        request = render(sending, connection.credentials, now, retry=retry)
        # The path alone, because a public address may not be one that leads there from here.
        return await self.api.hooks.post(
            urlsplit(connection.hook_url).path,
            content=request.body,
            headers=request.headers,
            params=request.params,
        )

    def _settle(self, sending: Sending, response: httpx.Response) -> None:
        if sending.is_forged and response.status_code == _UNAUTHORISED:
            self.book.refused += 1
        elif sending.is_forged or not response.is_success:
            raise Unexpected(f"{sending.account} {sending.key}", response)
        else:
            self.book.acknowledged(sending, self.clock.now())
