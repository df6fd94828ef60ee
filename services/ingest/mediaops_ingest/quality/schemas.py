"""Quality as the API shows it."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

__all__ = ["QualityDay", "QualityList", "Refusals"]


class Refusals(BaseModel):
    """The items that were refused for one reason."""

    outcome: Literal["rejected", "failed"]
    reason: str
    """The field that was wrong; `item` for an item as a whole."""
    items: int
    rate: float
    """Of what was received."""


class QualityDay(BaseModel):
    """The items of one source received on one local day; each item has one outcome."""

    day: date
    source_id: UUID
    channel_id: UUID | None
    grade: Literal["final", "provisional"] = "provisional"
    """`final` when the day is over and nothing of it is pending."""
    received: int = 0
    normalised: int = 0
    """Includes what no mapping knows (`unmapped`)."""
    duplicates: int = 0
    """The same key with the same content."""
    conflicts: int = 0
    """The same key with other content: kept, shown, not counted."""
    rejected: int = 0
    """Refused inside an accepted request; failed proofs are a metric only."""
    failed: int = 0
    pending: int = 0
    """Deliveries not yet split, one item each."""
    residual: int = 0
    """received - (normalised + duplicates + conflicts + rejected + failed + pending): always 0."""
    deliveries: int = 0
    unmapped: int = 0
    duplicate_rate: float | None = None
    """duplicates / received; null, like every rate, where nothing was received."""
    conflict_rate: float | None = None
    reject_rate: float | None = None
    """(rejected + failed) / received."""
    reasons: list[Refusals] = []
    """What was rejected or failed, by reason, the most frequent first."""
    expected: float | None = None
    """The median of what was received on the same weekday of the eight weeks before; null until
    the source is three weeks old."""
    completeness: float | None = None
    """received / expected; null while the day is not over, so that a part of a day is no drop."""
    activities: int = 0
    """Activities that the normalised items gave when they came."""
    late: int = 0
    """Those that came more than `late_after_seconds` after they had happened."""
    late_after_seconds: int
    """The lateness of the channel's platform."""
    late_share: float | None = None
    """late / activities."""
    delay_p95_seconds: float | None = None
    """Within so many seconds of what they tell 95 % of the activities came; at most 9 % too high.
    """
    freshness_seconds: float | None = None
    """Now minus the newest `received_at` of this source that was applied; null before the first."""
    event_freshness_seconds: float | None = None
    """Now minus the newest time of an activity of this source; null before the first."""


class QualityList(BaseModel):
    items: list[QualityDay]
