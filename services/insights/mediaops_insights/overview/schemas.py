"""How the overview is shown."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

__all__ = [
    "AttentionRead",
    "AudienceRead",
    "FreshnessRead",
    "NewestRead",
    "OverviewMetricRead",
    "OverviewRead",
    "QualityRead",
]


class OverviewMetricRead(BaseModel):
    metric: str
    name_zh: str
    unit: str
    currency: str | None = None
    today: float | int | None
    yesterday: float | int | None
    yesterday_so_far: int | None = Field(
        description="Yesterday up to the same local time; of sums over activities only."
    )
    change: float | None = Field(
        description="(today - before) / before, where before is yesterday so far, or yesterday "
        "where that is not known; null when it is 0."
    )
    grade: Literal["final", "provisional"]


class AudienceRead(BaseModel):
    """People of a day, as crm counts them."""

    day: date
    dau: int
    wau: int
    mau: int
    new: int


class QualityRead(BaseModel):
    """Items received today by outcome."""

    deliveries: int
    received: int
    normalised: int
    duplicates: int
    conflicts: int
    rejected: int
    failed: int
    pending: int


class FreshnessRead(BaseModel):
    freshness_seconds: int | None = Field(description="Null before the first receipt.")
    newest_received_at: datetime | None
    behind_seconds: int | None = Field(
        description="How far the slowest shard is behind the clock; null before any is known."
    )


class NewestRead(BaseModel):
    """A minute in which something happened on a channel."""

    channel_id: UUID
    channel: str | None
    platform: str | None
    type: str
    minute: datetime
    activities: int


class AttentionRead(BaseModel):
    """Something that somebody should look at."""

    kind: str
    severity: Literal["info", "warning", "critical"]
    detail: str
    channel_id: UUID | None = None
    source_id: UUID | None = None
    count: int | None = None
    link: str | None = None


class OverviewRead(BaseModel):
    day: date
    timezone: str
    now: datetime
    metrics: list[OverviewMetricRead]
    audience_today: AudienceRead | None
    audience_yesterday: AudienceRead | None
    quality: QualityRead
    freshness: FreshnessRead
    newest: list[NewestRead]
    attention: list[AttentionRead]
