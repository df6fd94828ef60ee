"""Quality as the API shows it."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel

__all__ = ["QualityDay", "QualityList"]


class QualityDay(BaseModel):
    """The items of one source received on one local day; each item has one outcome."""

    day: date
    source_id: UUID
    channel_id: UUID | None
    received: int = 0
    normalised: int = 0
    """Includes what no mapping knows (`unmapped`)."""
    duplicates: int = 0
    conflicts: int = 0
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
    conflict_rate: float | None = None
    freshness_seconds: float | None = None
    """Now minus the newest `received_at` of this source that was applied; null before the first."""


class QualityList(BaseModel):
    items: list[QualityDay]
