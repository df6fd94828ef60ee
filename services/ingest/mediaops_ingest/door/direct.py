"""Webhooks without ASGI: of a known source, short, and all there. Most are."""

from time import perf_counter

from mediaops_common.clock import Clock
from mediaops_common.http.direct import Tell, WholeRequest

from mediaops_ingest.delivery_log.port import DeliveryLog
from mediaops_ingest.door.cache import DoorCache, HookSource
from mediaops_ingest.door.hooks import CODING, PREFIX
from mediaops_ingest.door.keeping import (
    Entrance,
    accepted,
    delivery_of,
    failed,
    not_kept,
    reply_to,
)
from mediaops_ingest.door.measures import observe
from mediaops_ingest.platforms.port import Handshake, Request, Verified

__all__ = ["DirectHooks"]


class DirectHooks:
    """Waits for nothing but the delivery log. What may need more is left to `HookDoor`, which gives
    the same answers: a look-up, a proof in a thread, a handshake that is written down."""

    prefix = PREFIX.encode()

    def __init__(
        self, cache: DoorCache, log: DeliveryLog, clock: Clock, entrance: Entrance, *, max_body: int
    ) -> None:
        self._cache, self._log, self._clock, self._entrance = cache, log, clock, entrance
        self._max_body = max_body

    def __call__(self, whole: WholeRequest, tell: Tell) -> bool:
        started = perf_counter()
        path, _, query = whole.target.partition(b"?")
        # Nothing is decoded: a key that is written in another way is not known here.
        source = self._cache.known(path[len(self.prefix) :].decode("latin-1"))
        if source is None or not self._is_plain(source, whole, query):
            return False
        request = Request(
            method="POST",
            query=query,
            headers=whole.headers,
            body=whole.body,
            now=self._clock.now(),
        )
        try:
            verdict = source.verifier.verify(request)
            if isinstance(verdict, Verified):
                refusal = self._entrance.refusal(source)
                if refusal is None:
                    self._keep(source, request, verdict, started, tell)
                    return True
                reply = refusal
            elif isinstance(verdict, Handshake):
                return False
            else:
                reply = reply_to(source, verdict)
        except Exception as error:
            reply = failed(error)
        tell(reply, None)
        observe(perf_counter() - started)
        return True

    def _is_plain(self, source: HookSource, whole: WholeRequest, query: bytes) -> bool:
        declaration = source.declaration
        return (
            "" in declaration.paths
            and "POST" in declaration.methods
            and len(whole.body) <= min(declaration.max_body or self._max_body, self._max_body)
            and CODING not in whole.by_name
            and b"#" not in query
        )

    def _keep(
        self, source: HookSource, request: Request, verified: Verified, started: float, tell: Tell
    ) -> None:
        delivery = delivery_of(source, request)

        def told(_first: int, error: Exception | None) -> None:
            more = None
            if error is not None:
                reply = not_kept(source, error)
            else:
                try:
                    reply, more = accepted(source, request, verified, delivery)
                except Exception as fault:
                    reply = failed(fault)
            tell(reply, more)
            observe(perf_counter() - started)

        self._log.submit((delivery,), told)
