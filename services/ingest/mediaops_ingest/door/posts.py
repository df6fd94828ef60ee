"""`POST /activities` and `POST /snapshots`: many items in one request, kept by channel."""

import asyncio
from collections.abc import Callable, Sequence
from secrets import token_hex
from time import perf_counter
from typing import Any, Literal
from uuid import UUID

import structlog
from mediaops_common.clock import Clock
from mediaops_common.db import UNAVAILABLE
from mediaops_common.failpoints import hit
from mediaops_common.http import (
    Caller,
    Forbidden,
    Invalid,
    Problem,
    TooLarge,
    Unavailable,
    UnsupportedMedia,
    read_capped,
)
from mediaops_common.http.envelope import REQUEST_ID
from mediaops_common.http.reply import Headers, Reply
from mediaops_common.ids import light_id, shard_of
from mediaops_common.reach import reaching
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from mediaops_ingest.delivery_log.port import (
    DeliveryLog,
    LogFull,
    LogUnavailable,
    NewDelivery,
    RejectedItem,
)
from mediaops_ingest.door.allowances import Allowances, Overrun
from mediaops_ingest.door.cache import DoorCache, KnownChannel
from mediaops_ingest.door.callers import KnownCallers
from mediaops_ingest.door.codings import inflate, is_gzip
from mediaops_ingest.door.measures import count, observe
from mediaops_ingest.door.replies import FAILED, OVERLOADED, accepted, of_problem
from mediaops_ingest.platforms.batches import (
    Batch,
    NotAnArray,
    TooMany,
    read_activities,
    read_snapshots,
)
from mediaops_ingest.platforms.registry import API
from mediaops_ingest.platforms.strict_json import NotStrict

__all__ = ["PATHS", "PostDoor"]

log = structlog.get_logger(__name__)

Kind = Literal["activities", "snapshots"]
PATHS: dict[str, Kind] = {
    "/ingest/v1/activities": "activities",
    "/ingest/v1/snapshots": "snapshots",
}
READERS: dict[Kind, Callable[[bytes, Any], Batch[Any]]] = {
    "activities": read_activities,
    "snapshots": read_snapshots,
}
LARGE_BODY = 128 << 10
"""From here on the items are read in a thread, so that the event loop goes on."""
FOREIGN = ("channel_id", "is no channel of this workspace")


class PostDoor:
    """Answers 202 once everything that was not rejected is durable."""

    def __init__(
        self,
        cache: DoorCache,
        callers: KnownCallers,
        log: DeliveryLog,
        clock: Clock,
        *,
        allowances: Allowances,
        max_body: int,
        backlog_cap: int,
    ) -> None:
        self._cache, self._callers, self._log, self._clock = cache, callers, log, clock
        self._allowances = allowances
        self._max_body, self._backlog_cap = max_body, backlog_cap

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        kind = PATHS[scope["path"]]
        try:
            reply = await self._reply(kind, scope["headers"], receive)
            count(API, "accepted", kind)
        except Overrun as overrun:
            count(API, "limited", overrun.of)
            reply = of_problem(overrun)
        except Problem as problem:
            count(API, "refused" if problem.status < 500 else "overload", problem.type)
            reply = of_problem(problem)
        except ClientDisconnect:
            count(API, "disconnected")
            return
        except UNAVAILABLE as error:
            log.warning("post_unavailable", error=type(error).__name__)
            count(API, "overload", "database")
            reply = OVERLOADED
        except Exception:
            log.exception("post_failed")
            count(API, "failed")
            reply = FAILED
        more = [(b"x-request-id", _request_id(scope["headers"]))]
        await reply.send(send, more + self._callers.cross_origin(scope["headers"]))
        observe(perf_counter() - started)

    async def _reply(self, kind: Kind, headers: Headers, receive: Receive) -> Reply:
        caller = await self._callers.find(headers)
        if "ingest:write" not in caller.scopes:
            raise Forbidden()
        self._allowances.ask(caller.workspace_id)  # its token is the proof: no body need be read
        if self._log.backlog >= self._backlog_cap:
            raise Unavailable("too much waits to be read: send it again")
        _check_kind(headers)
        is_packed = is_gzip(headers)
        length = dict(headers).get(b"content-length")
        body = await read_capped(receive, length, self._max_body)
        batch = await self._read(kind, body, is_packed=is_packed)
        trace = [pair for pair in headers if pair[0] == b"traceparent"]
        with reaching(caller.reach):
            deliveries, rejected = await self._sort(kind, caller, batch, trace)
        self._spend(caller.workspace_id, deliveries, len(rejected))
        try:
            await self._log.append(deliveries)
        except (LogFull, LogUnavailable):
            raise Unavailable("it was not kept: send it again") from None
        hit("door.after_commit")
        ids = [str(delivery.id) for delivery in deliveries]
        return accepted(
            {
                "delivery_id": ids[0],
                "deliveries": ids,
                "accepted": sum(delivery.items or 0 for delivery in deliveries),
                "rejected": [
                    {"index": item.index, "field": item.field, "detail": item.detail}
                    for item in rejected
                ],
            }
        )

    def _spend(self, workspace_id: UUID, deliveries: Sequence[NewDelivery], rejected: int) -> None:
        """Raises Overrun for the whole request, also where one channel alone has brought too much:
        who sends it again need not tell apart what of it was kept."""
        items = {one.source_id: one.items or 0 for one in deliveries if one.channel_id is not None}
        self._allowances.ask(workspace_id, items)
        beside = rejected if items or rejected else 1
        self._allowances.take(workspace_id, items, beside=beside)

    async def _read(self, kind: Kind, body: bytes, *, is_packed: bool) -> Batch[Any]:
        now = self._clock.now()

        def read() -> Batch[Any]:
            return READERS[kind](inflate(body, self._max_body) if is_packed else body, now)

        try:
            if len(body) < LARGE_BODY and not is_packed:
                return read()
            return await asyncio.to_thread(read)
        except TooMany as error:
            raise TooLarge(str(error)) from None
        except NotAnArray:
            raise Invalid("body", f"must be an array of {kind}") from None
        except NotStrict as error:
            raise Invalid("body", f"is not JSON: {error}") from None

    async def _sort(
        self, kind: Kind, caller: Caller, batch: Batch[Any], trace: Headers
    ) -> tuple[list[NewDelivery], list[RejectedItem]]:
        """The deliveries, one for each channel, and what is rejected, in the order of the body."""
        # Grouped by the ids' integers: a UUID hashes and compares in Python, a hundred times over.
        numbers: dict[int, list[int]] = {}
        for place, item in enumerate(batch.accepted):
            numbers.setdefault(item.channel_id.int, []).append(place)
        places = {UUID(int=number): its for number, its in numbers.items()}
        allowed = await self._callers.channels(caller)
        # Of others a partner learns nothing, not even by how long the answer takes.
        asked = places.keys() if allowed is None else places.keys() & allowed
        known = await self._cache.channels(caller.workspace_id, asked)
        chosen: list[tuple[KnownChannel, list[int]]] = []
        rejected = [RejectedItem(one.index, one.field, one.detail) for one in batch.rejected]
        for channel_id, its in places.items():
            channel = known.get(channel_id)
            if channel is None:
                rejected += [RejectedItem(batch.positions[place], *FOREIGN) for place in its]
            else:
                chosen.append((channel, its))
        rejected.sort(key=lambda item: item.index)
        if not chosen:
            return [await self._all_rejected(kind, caller, rejected)], rejected
        return self._deliveries(kind, caller, batch, chosen, rejected, trace), rejected

    def _deliveries(
        self,
        kind: Kind,
        caller: Caller,
        batch: Batch[Any],
        chosen: Sequence[tuple[KnownChannel, list[int]]],
        rejected: list[RejectedItem],
        trace: Headers,
    ) -> list[NewDelivery]:
        now = self._clock.now()
        return [
            NewDelivery(
                id=light_id(),
                workspace_id=caller.workspace_id,
                source_id=channel.source_id,
                channel_id=channel.id,
                shard=channel.shard,
                adapter=API,
                received_at=now,
                kind=kind,
                path=kind,
                body=batch.cut(its),
                headers=trace,
                items=len(its),
                # They belong to the request; its first delivery tells of them.
                rejected=() if number else rejected,
            )
            for number, (channel, its) in enumerate(chosen)
        ]

    async def _all_rejected(
        self, kind: Kind, caller: Caller, rejected: list[RejectedItem]
    ) -> NewDelivery:
        return NewDelivery(
            id=light_id(),
            workspace_id=caller.workspace_id,
            source_id=await self._cache.workspace_source(caller.workspace_id),
            channel_id=None,
            shard=shard_of(caller.workspace_id),
            adapter=API,
            received_at=self._clock.now(),
            kind=kind,
            path=kind,
            body=b"[]",
            items=0,
            rejected=rejected,
        )


def _request_id(headers: Headers) -> bytes:
    given = [value for name, value in headers if name == b"x-request-id"]
    is_usable = len(given) == 1 and REQUEST_ID.fullmatch(given[0])
    return given[0] if is_usable else token_hex(16).encode()


def _check_kind(headers: Headers) -> None:
    for name, value in headers:
        if name == b"content-type":
            essence = value.partition(b";")[0].strip().lower()
            if essence != b"application/json" and not essence.endswith(b"+json"):
                raise UnsupportedMedia("this route reads application/json")
