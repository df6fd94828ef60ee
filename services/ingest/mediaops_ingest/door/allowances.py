"""How much may come at the moment: a token bucket for each source and workspace with a limit."""

import math
from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from mediaops_common.clock import monotonic
from mediaops_common.http import Problem

from mediaops_ingest.limit import Limit

__all__ = ["Allowances", "Overrun"]

A_MOMENT = 0.001
"""Seconds. A shorter wait is none: who comes back after a whole second is not sent away again
because of a rounded fraction."""


class Overrun(Problem):
    """A source or a workspace brings more than its limit allows: nothing was kept."""

    status, title, type = 429, "A limit is reached", "limit-reached"

    def __init__(self, of: str, limit: Limit, seconds: float) -> None:
        rate, burst = limit.items_per_second, limit.capacity
        super().__init__(
            f"this {of} may bring {rate:g} items a second, {burst} at once: send it again",
            headers={"Retry-After": str(math.ceil(seconds))},
            limit={"of": of, "items_per_second": rate, "burst": burst},
        )
        self.of = of


class Bucket:
    """Holds what may come now: at most `burst` items, and `rate` more each second.

        level(t) = min(burst, level(t0) + rate * (t - t0))

    Something may come while the level is 1 or more. What it costs is taken when it is known, and
    may leave a debt, which has to grow back first: so the rate holds however large a request is.
    """

    __slots__ = ("_at", "_burst", "_level", "_rate", "limit")

    def __init__(self, limit: Limit, now: float) -> None:
        self.limit, self._rate = limit, limit.items_per_second
        self._burst = self._level = float(limit.capacity)
        self._at = now

    def changed(self, limit: Limit, now: float) -> "Bucket":
        """The same under another limit: what was spent stays spent."""
        self._grow(now)
        changed = Bucket(limit, now)
        changed._level = min(changed._level, self._level)
        return changed

    def seconds(self, now: float) -> float:
        """Until something may come; 0 when it may now."""
        self._grow(now)
        missing = (1 - self._level) / self._rate
        return missing if missing > A_MOMENT else 0.0

    def take(self, items: int, now: float) -> None:
        self._grow(now)
        self._level -= items

    def _grow(self, now: float) -> None:
        self._level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now


class Buckets:
    """Those of all sources, or of all workspaces; a bucket is made when it is first asked."""

    def __init__(self, default: Limit) -> None:
        self._default = default
        self._own: Mapping[UUID, Limit] = {}
        self._buckets: dict[UUID, Bucket] = {}

    def learn(self, own: Mapping[UUID, Limit]) -> None:
        """The limits of their own that some have."""
        self._own = own

    @property
    def are_any(self) -> bool:
        return bool(self._own) or self._default.items_per_second > 0

    def of(self, id_: UUID, now: float, *, by_default: bool = True) -> Bucket | None:
        """None for what nothing limits."""
        limit = self._own.get(id_) or (self._default if by_default else None)
        if limit is None or not limit.items_per_second:
            return None
        bucket = self._buckets.get(id_)
        if bucket is None:
            bucket = self._buckets[id_] = Bucket(limit, now)
        elif bucket.limit is not limit and bucket.limit != limit:
            bucket = self._buckets[id_] = bucket.changed(limit, now)
        return bucket


class Allowances:
    """In memory, and so of this process alone: it begins full, and each replica has its own."""

    def __init__(self, source: Limit, workspace: Limit, *, now: Callable[[], float] = monotonic):
        self._now = now
        self._sources, self._workspaces = Buckets(source), Buckets(workspace)
        self.learn({}, {})

    def learn(self, sources: Mapping[UUID, Limit], workspaces: Mapping[UUID, Limit]) -> None:
        """What single sources and workspaces are limited to, instead of the defaults."""
        self._sources.learn(sources)
        self._workspaces.learn(workspaces)
        self.are_any = self._sources.are_any or self._workspaces.are_any
        """Whether anything is limited: where nothing is, nobody need be asked."""

    def ask(
        self, workspace_id: UUID, source_ids: Iterable[UUID] = (), *, comes_again: bool = True
    ) -> None:
        """Raises Overrun, naming the limit that makes wait longest. Takes nothing.

        What its sender would not send again is refused by its source's own limit alone: neither a
        default nor what others of its workspace bring may lose it.
        """
        if not self.are_any:
            return
        now = self._now()
        asked = [
            ("source", self._sources.of(id_, now, by_default=comes_again)) for id_ in source_ids
        ]
        if comes_again:
            asked.append(("workspace", self._workspaces.of(workspace_id, now)))
        longest, refusal = 0.0, None
        for of, bucket in asked:
            seconds = 0.0 if bucket is None else bucket.seconds(now)
            if bucket is not None and seconds > longest:
                longest, refusal = seconds, (of, bucket.limit)
        if refusal is not None:
            raise Overrun(*refusal, longest)

    def take(self, workspace_id: UUID, items: Mapping[UUID, int], *, beside: int = 0) -> None:
        """Of each source what comes through it; of the workspace all of it, and what is `beside`:
        of no source."""
        if not self.are_any:
            return
        now = self._now()
        for source_id, number in items.items():
            bucket = self._sources.of(source_id, now)
            if bucket is not None:
                bucket.take(number, now)
        bucket = self._workspaces.of(workspace_id, now)
        if bucket is not None:
            bucket.take(sum(items.values()) + beside, now)
