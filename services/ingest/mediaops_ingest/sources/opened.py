"""A source with its secrets in clear, for the moment in which they are needed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mediaops_ingest.platforms.port import Adapter, SecretSet
from mediaops_ingest.sources.models import Source
from mediaops_ingest.sources.secrets import OpenedSet

__all__ = ["Opened", "Unopened"]

MOST_LIVE = 8
"""Every live set is tried before a proof fails: so many secrets changed within one overlap."""


@dataclass(frozen=True)
class Opened:
    """A source with what it takes to prove and to read its requests."""

    source: Source
    adapter: Adapter
    sets: list[OpenedSet]
    """All secrets it ever had, newest first: replays decrypt with old ones."""
    mapping: dict[str, Any] | None

    @property
    def secrets(self) -> list[SecretSet]:
        return [opened.values for opened in self.sets]

    def live_secrets(self, now: datetime) -> list[SecretSet]:
        """Those that prove requests, the newest first."""
        live = [opened for opened in self.sets if opened.is_live(now)]
        return [opened.values for opened in live[:MOST_LIVE]]

    def next_retirement(self, now: datetime) -> datetime | None:
        """When the next of the live sets stops being one."""
        ends = (opened.live_until for opened in self.sets if opened.is_live(now))
        return min((end for end in ends if end is not None), default=None)


@dataclass(frozen=True)
class Unopened:
    """A source of which nothing can be read."""

    source: Source
    reason: str
