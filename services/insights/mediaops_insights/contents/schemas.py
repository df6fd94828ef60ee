"""How the performance of contents is shown."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

__all__ = ["AtAgeRead", "PerformanceRead"]


class AtAgeRead(BaseModel):
    """The newest reading of a counter at an age; `as_of` says when it was taken."""

    value: int
    as_of: datetime


class PerformanceRead(BaseModel):
    """One external content on one channel, with all that was ever counted of it."""

    channel_id: UUID
    platform: str | None
    external_id: str
    content_id: UUID | None = Field(description="Ours, once a publication was registered.")
    publication_id: UUID | None
    title: str | None
    published_at: datetime | None
    activities: int = Field(description="One each, whatever their count.")
    activities_by_type: dict[str, int]
    engagements: int
    views: int = Field(description="The sum of activities; never added to `views_reported`.")
    views_reported: int | None = Field(description="The platform's own; null if it said nothing.")
    likes: int
    comments: int
    shares: int
    favourites: int
    corrections: int
    reported: dict[str, int] = Field(description="The newest reading of each counter.")
    at_age: dict[str, dict[str, AtAgeRead | None]] = Field(
        description="Counter → age since publication (1h, 6h, 24h, 72h, 7d) → the newest reading "
        "taken by that age and after the age before; null where there is none."
    )
