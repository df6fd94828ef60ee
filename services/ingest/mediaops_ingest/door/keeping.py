"""What becomes of a webhook that was found and judged, by whichever way it came."""

from urllib.parse import unquote_to_bytes

import structlog
from mediaops_common.db import UNAVAILABLE
from mediaops_common.failpoints import hit
from mediaops_common.http import Problem
from mediaops_common.http.reply import Headers, Reply
from mediaops_common.ids import light_id

from mediaops_ingest.delivery_log.port import DeliveryLog, LogFull, NewDelivery
from mediaops_ingest.door import replies
from mediaops_ingest.door.allowances import Allowances, Overrun
from mediaops_ingest.door.cache import HookSource
from mediaops_ingest.door.measures import count
from mediaops_ingest.platforms.port import Ignored, Malformed, Refused, Request, Verified

__all__ = ["UNKNOWN", "Entrance", "accepted", "delivery_of", "failed", "not_kept", "reply_to"]

log = structlog.get_logger(__name__)

UNKNOWN = "unknown"
"""The adapter's name where none is known."""


class Entrance:
    """Whether there is room for one more."""

    def __init__(self, log: DeliveryLog, allowances: Allowances, backlog_cap: int) -> None:
        self._log, self._allowances, self._backlog_cap = log, allowances, backlog_cap

    def refusal(self, source: HookSource) -> Reply | None:
        """None where there is, and then it counts against the limits.

        Asked behind the proof: nobody without it uses anything up, or hears of it, and platforms
        that send a wrong proof or a handshake to see whether the door works hear what they expect.
        """
        adapter = source.declaration.name
        if self._log.backlog >= self._backlog_cap:
            count(adapter, "overload", "backlog")
            return replies.OVERLOADED
        if self._allowances.are_any:
            try:
                again = source.declaration.comes_again
                self._allowances.ask(source.workspace_id, (source.id,), comes_again=again)
            except Overrun as overrun:
                count(adapter, "limited", overrun.of)
                return replies.of_hook(overrun)
            self._allowances.take(source.workspace_id, {source.id: 1})
        return None


def delivery_of(source: HookSource, request: Request) -> NewDelivery:
    """What is kept of it: all but secrets."""
    hidden = source.hidden_headers
    return NewDelivery(
        id=light_id(),
        workspace_id=source.workspace_id,
        source_id=source.id,
        channel_id=source.channel_id,
        shard=source.shard,
        adapter=source.declaration.name,
        received_at=request.now,
        body=request.body,
        method=request.method,
        path=request.path,
        query=request.query and _without(request.query, source.declaration.hidden_parameters),
        headers=[pair for pair in request.headers if pair[0] not in hidden],
    )


def accepted(
    source: HookSource, request: Request, verified: Verified, delivery: NewDelivery
) -> tuple[Reply, Headers]:
    """What its sender hears once it is durable, with headers of this answer alone."""
    hit("door.after_commit")
    count(source.declaration.name, "accepted")
    answer = replies.of_answer(source.verifier.answer(request, verified))
    return answer, [(b"x-delivery-id", str(delivery.id).encode())]


def not_kept(source: HookSource, error: Exception) -> Reply:
    """Where the log did not say that it is durable."""
    count(source.declaration.name, "overload", "queue" if isinstance(error, LogFull) else "log")
    return replies.OVERLOADED


def reply_to(source: HookSource, verdict: Refused | Malformed | Ignored) -> Reply:
    """What its sender hears where nothing is kept."""
    adapter = source.declaration.name
    if isinstance(verdict, Refused):
        count(adapter, "refused", verdict.reason)
        return replies.refused(verdict.status)
    if isinstance(verdict, Malformed):
        count(adapter, "malformed", verdict.reason)
        return replies.malformed(verdict.status)
    count(adapter, "ignored", verdict.reason)
    return replies.of_answer(verdict.answer)


def failed(error: Exception) -> Reply:
    """What went wrong, without details; neither it nor the log line holds the key."""
    if isinstance(error, Problem):
        count(UNKNOWN, "overload", error.type)
        return replies.of_problem(error)
    if isinstance(error, UNAVAILABLE):
        log.warning("hook_unavailable", error=type(error).__name__)
        count(UNKNOWN, "overload", "database")
        return replies.OVERLOADED
    log.error("hook_failed", exc_info=error)
    count(UNKNOWN, "failed")
    return replies.FAILED


def _without(query: bytes, hidden: frozenset[bytes]) -> bytes:
    """The query without parameters that carry a secret, however their names are written."""
    if not hidden:
        return query
    parts = query.split(b"&")
    return b"&".join(part for part in parts if _name_of(part) not in hidden)


def _name_of(parameter: bytes) -> bytes:
    return unquote_to_bytes(parameter.partition(b"=")[0].replace(b"+", b" "))
