"""Callers of the API posts: a token is proved once a second, not once a request."""

from collections.abc import Collection
from uuid import UUID

from mediaops_common.clock import monotonic
from mediaops_common.db import Database
from mediaops_common.http import Authenticator, Caller
from mediaops_common.http.reply import Headers

from mediaops_ingest.sources import visibility

__all__ = ["KnownCallers"]

FRESH_SECONDS = 1.0
"""Below the leeway of expiry and far below the time in which a revoked token must stop."""
MAX_KNOWN = 1_000
EXPOSED = b"Retry-After, X-Request-Id"


class KnownCallers:
    """Who posts, and for which channels."""

    def __init__(
        self, authenticator: Authenticator, database: Database, *, cors_origins: Collection[str]
    ) -> None:
        self._authenticator, self._database = authenticator, database
        self._origins = frozenset(origin.encode("latin-1") for origin in cors_origins)
        self._known: dict[bytes, tuple[float, Caller]] = {}
        self._channels: dict[str, tuple[float, frozenset[UUID] | None]] = {}

    async def find(self, headers: Headers) -> Caller:
        """The caller. Raises Unauthorised, whatever is wrong with the token."""
        given = [value for name, value in headers if name == b"authorization"]
        if len(given) == 1:
            known = self._known.get(given[0])
            if known is not None and known[0] > monotonic():
                return known[1]
        caller = await self._authenticator.caller(headers)
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[given[0]] = (monotonic() + FRESH_SECONDS, caller)
        return caller

    async def channels(self, caller: Caller) -> frozenset[UUID] | None:
        """The only channels a partner may post for; None for everybody else."""
        if caller.sources is None:
            return None
        known = self._channels.get(caller.jti)
        if known is not None and known[0] > monotonic():
            return known[1]
        async with self._database.read() as session:
            found = await visibility.postable_channels(session, caller)
        if len(self._channels) >= MAX_KNOWN:
            self._channels.clear()
        self._channels[caller.jti] = (monotonic() + FRESH_SECONDS, found)
        return found

    def cross_origin(self, headers: Headers) -> Headers:
        """What lets a browser page of an allowed origin read the answer."""
        if not self._origins:
            return []
        for name, value in headers:
            if name == b"origin" and (value in self._origins or b"*" in self._origins):
                return [
                    (b"access-control-allow-origin", value),
                    (b"access-control-expose-headers", EXPOSED),
                    (b"vary", b"Origin"),
                ]
        return [(b"vary", b"Origin")]
