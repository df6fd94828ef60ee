"""Webhooks: find the source, check the size, prove the raw bytes, keep them, answer."""

import asyncio
from time import perf_counter

from mediaops_common.clock import Clock
from mediaops_common.http import TooLarge, read_capped
from mediaops_common.http.reply import Headers, Reply
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from mediaops_ingest.delivery_log.port import DeliveryLog, LogFull, LogUnavailable
from mediaops_ingest.door import replies
from mediaops_ingest.door.cache import DoorCache, HookSource
from mediaops_ingest.door.keeping import (
    UNKNOWN,
    Entrance,
    accepted,
    delivery_of,
    failed,
    not_kept,
    reply_to,
)
from mediaops_ingest.door.leases import LeaseBook
from mediaops_ingest.door.measures import count, observe
from mediaops_ingest.platforms.declaration import Declaration
from mediaops_ingest.platforms.port import Handshake, Request, Verdict, Verified

__all__ = ["CODING", "PREFIX", "HookDoor"]

PREFIX = "/ingest/hooks/"
CODING = b"content-encoding"
METHODS = frozenset({"GET", "POST", "OPTIONS"})
LARGE_BODY = 256 << 10
"""From here on a proof takes long enough to be made in a thread."""
PROMPT_SECONDS = 0.3
"""Up to here a look-up leaves the delivery log all its patience, whatever the platform's deadline:
two seconds at least where something is kept."""
MARGIN_SECONDS = 0.1
"""Left for the way back, where it did not."""


class HookDoor:
    """Decides nothing that needs an index: repeats and meanings are the normaliser's matter."""

    def __init__(
        self,
        cache: DoorCache,
        log: DeliveryLog,
        clock: Clock,
        entrance: Entrance,
        *,
        leases: LeaseBook,
        max_body: int,
    ) -> None:
        self._cache, self._log, self._clock, self._entrance = cache, log, clock, entrance
        self._leases = leases
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        try:
            reply, more = await self._reply(scope, receive)
        except ClientDisconnect:
            count(UNKNOWN, "disconnected")
            return
        except Exception as error:
            reply, more = failed(error), None
        await reply.send(send, more)
        observe(perf_counter() - started)

    async def _reply(self, scope: Scope, receive: Receive) -> tuple[Reply, Headers | None]:
        method: str = scope["method"]
        if method not in METHODS:
            count(UNKNOWN, "refused", "method")
            return replies.not_allowed(METHODS), None
        key, slash, path = scope["path"][len(PREFIX) :].partition("/")
        source, waited = self._cache.known(key), 0.0
        if source is None:
            asked = perf_counter()
            source = await self._cache.hook(key)
            waited = perf_counter() - asked
        if source is None:
            # A disabled source answers the same bytes in the same time as no source at all.
            count(UNKNOWN, "refused", "hook")
            return replies.NOT_FOUND, None
        declaration = source.declaration
        if path not in declaration.paths or (slash and not path):
            count(declaration.name, "refused", "path")
            return replies.NOT_FOUND, None
        if method not in declaration.methods:
            count(declaration.name, "refused", "method")
            return replies.not_allowed(declaration.methods), None
        headers: Headers = scope["headers"]
        by_name = dict(headers)
        is_coded = CODING in by_name
        # What a proof covers, the bytes before a coding or after it, no signed scheme says.
        if is_coded and not _is_readable(headers, declaration):
            count(declaration.name, "malformed", "encoding")
            return replies.UNSUPPORTED, None
        try:
            limit = min(declaration.max_body or self._max_body, self._max_body)
            body = await read_capped(receive, by_name.get(b"content-length"), limit)
        except TooLarge:
            count(declaration.name, "malformed", "size")
            return replies.TOO_LARGE, None
        request = Request(
            method=method,
            path=path,
            query=scope["query_string"],
            headers=headers,
            body=body,
            now=self._clock.now(),
        )
        verify = source.verifier.verify
        verdict: Verdict
        # Out of a few bytes in gzip many may come.
        is_packed = declaration.reads_gzip and is_coded
        if len(body) < LARGE_BODY and not is_packed:
            verdict = verify(request)
        else:
            verdict = await asyncio.to_thread(verify, request)
        if isinstance(verdict, Verified):
            return await self._keep(source, request, verdict, waited)
        if not isinstance(verdict, Handshake):
            return reply_to(source, verdict), None
        if verdict.lease is not None:
            await self._leases.note(source, verdict.lease)
        count(declaration.name, "handshake")
        return replies.of_answer(verdict.answer), None

    async def _keep(
        self, source: HookSource, request: Request, verified: Verified, waited: float
    ) -> tuple[Reply, Headers | None]:
        refusal = self._entrance.refusal(source)
        if refusal is not None:
            return refusal, None
        delivery = delivery_of(source, request)
        try:
            if waited < PROMPT_SECONDS:
                await self._log.append((delivery,))
            else:
                left = source.declaration.deadline_seconds - MARGIN_SECONDS - waited
                await asyncio.wait_for(self._log.append((delivery,)), left)
        except (LogFull, LogUnavailable, TimeoutError) as error:
            return not_kept(source, error), None
        return accepted(source, request, verified, delivery)


def _is_readable(headers: Headers, declaration: Declaration) -> bool:
    named = [value.strip().lower() for name, value in headers if name == CODING]
    allowed = (b"", b"identity", b"gzip") if declaration.reads_gzip else (b"", b"identity")
    return all(value in allowed for value in named) and named.count(b"gzip") < 2
