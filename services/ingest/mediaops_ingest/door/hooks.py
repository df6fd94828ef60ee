"""Webhooks: find the source, check the size, prove the raw bytes, keep them, answer."""

import asyncio
from time import perf_counter
from urllib.parse import unquote_to_bytes

import structlog
from mediaops_common.clock import Clock
from mediaops_common.db import UNAVAILABLE
from mediaops_common.failpoints import hit
from mediaops_common.http import Problem, TooLarge, read_capped
from mediaops_common.ids import light_id
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from mediaops_ingest.delivery_log.port import DeliveryLog, LogFull, LogUnavailable, NewDelivery
from mediaops_ingest.door import replies
from mediaops_ingest.door.allowances import Allowances, Overrun
from mediaops_ingest.door.cache import DoorCache, HookSource
from mediaops_ingest.door.leases import LeaseBook
from mediaops_ingest.door.measures import count, observe
from mediaops_ingest.door.replies import Headers, Reply
from mediaops_ingest.platforms.declaration import Declaration
from mediaops_ingest.platforms.port import (
    Handshake,
    Ignored,
    Malformed,
    Refused,
    Request,
    Verdict,
    Verified,
)

__all__ = ["PREFIX", "HookDoor"]

log = structlog.get_logger(__name__)

PREFIX = "/ingest/hooks/"
CODING = b"content-encoding"
METHODS = frozenset({"GET", "POST", "OPTIONS"})
LARGE_BODY = 256 << 10
"""From here on a proof takes long enough to be made in a thread."""
UNKNOWN = "unknown"
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
        *,
        allowances: Allowances,
        leases: LeaseBook,
        max_body: int,
        backlog_cap: int,
    ) -> None:
        self._cache, self._log, self._clock, self._leases = cache, log, clock, leases
        self._allowances = allowances
        self._max_body, self._backlog_cap = max_body, backlog_cap

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        try:
            reply, more = await self._reply(scope, receive)
        except ClientDisconnect:
            count(UNKNOWN, "disconnected")
            return
        except Problem as problem:
            count(UNKNOWN, "overload", problem.type)
            reply, more = replies.of_problem(problem), None
        except UNAVAILABLE as error:
            log.warning("hook_unavailable", error=type(error).__name__)
            count(UNKNOWN, "overload", "database")
            reply, more = replies.OVERLOADED, None
        except Exception:
            # One problem without details; neither it nor the log line holds the key.
            log.exception("hook_failed")
            count(UNKNOWN, "failed")
            reply, more = replies.FAILED, None
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
        if type(verdict) is Verified:
            return await self._keep(source, request, verdict, waited)
        return await self._tell(source, verdict), None

    async def _tell(self, source: HookSource, verdict: Verdict) -> Reply:
        """What a request hears of which nothing is kept."""
        adapter = source.declaration.name
        if type(verdict) is Refused:
            count(adapter, "refused", verdict.reason)
            return replies.refused(verdict.status)
        if type(verdict) is Malformed:
            count(adapter, "malformed", verdict.reason)
            return replies.malformed(verdict.status)
        if type(verdict) is Handshake:
            if verdict.lease is not None:
                await self._leases.note(source, verdict.lease)
            count(adapter, "handshake")
            return replies.of_answer(verdict.answer)
        assert type(verdict) is Ignored
        count(adapter, "ignored", verdict.reason)
        return replies.of_answer(verdict.answer)

    async def _keep(
        self, source: HookSource, request: Request, verified: Verified, waited: float
    ) -> tuple[Reply, Headers | None]:
        adapter = source.declaration.name
        if self._log.backlog >= self._backlog_cap:
            count(adapter, "overload", "backlog")
            return replies.OVERLOADED, None
        # Only now: nobody without the proof uses anything up, or hears of it, and platforms that
        # send a wrong proof or a handshake to see whether the door works hear what they expect.
        if self._allowances.are_any:
            try:
                again = source.declaration.comes_again
                self._allowances.ask(source.workspace_id, (source.id,), comes_again=again)
            except Overrun as overrun:
                count(adapter, "limited", overrun.of)
                return replies.of_hook(overrun), None
            self._allowances.take(source.workspace_id, {source.id: 1})
        hidden = source.hidden_headers
        delivery = NewDelivery(
            id=light_id(),
            workspace_id=source.workspace_id,
            source_id=source.id,
            channel_id=source.channel_id,
            shard=source.shard,
            adapter=adapter,
            received_at=request.now,
            body=request.body,
            method=request.method,
            path=request.path,
            query=request.query and _without(request.query, source.declaration.hidden_parameters),
            headers=[pair for pair in request.headers if pair[0] not in hidden],
        )
        try:
            if waited < PROMPT_SECONDS:
                await self._log.append((delivery,))
            else:
                left = source.declaration.deadline_seconds - MARGIN_SECONDS - waited
                await asyncio.wait_for(self._log.append((delivery,)), left)
        except LogFull:
            count(adapter, "overload", "queue")
            return replies.OVERLOADED, None
        except (LogUnavailable, TimeoutError):
            count(adapter, "overload", "log")
            return replies.OVERLOADED, None
        hit("door.after_commit")
        count(adapter, "accepted")
        answer = replies.of_answer(source.verifier.answer(request, verified))
        return answer, [(b"x-delivery-id", str(delivery.id).encode())]


def _is_readable(headers: Headers, declaration: Declaration) -> bool:
    named = [value.strip().lower() for name, value in headers if name == CODING]
    allowed = (b"", b"identity", b"gzip") if declaration.reads_gzip else (b"", b"identity")
    return all(value in allowed for value in named) and named.count(b"gzip") < 2


def _without(query: bytes, hidden: frozenset[bytes]) -> bytes:
    """The query without parameters that carry a secret, however their names are written."""
    if not hidden:
        return query
    parts = query.split(b"&")
    return b"&".join(part for part in parts if _name_of(part) not in hidden)


def _name_of(parameter: bytes) -> bytes:
    return unquote_to_bytes(parameter.partition(b"=")[0].replace(b"+", b" "))
