"""Publications as the HTTP API takes and gives them."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


def _is_plain(text: str) -> str:
    if text != text.strip() or not text.isprintable():
        raise ValueError("must hold no control characters and no blanks at its ends")
    return text


def _is_possible(moment: datetime) -> datetime:
    # Beyond these years the arithmetic of zones would overflow.
    if moment < EARLIEST or moment.year > 2999:
        raise ValueError(f"must be between {EARLIEST.date()} and 2999-12-31")
    return moment.astimezone(UTC)


ExternalId = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_is_plain)]


class PublicationCreate(BaseModel):
    """A revision is live: which one, where, and under which id the platform knows it."""

    model_config = ConfigDict(extra="forbid")

    content_id: UUID
    revision_id: UUID | None = None
    """Without it, the content's current revision."""
    channel_id: UUID
    external_id: ExternalId
    published_at: Annotated[AwareDatetime, AfterValidator(_is_possible)]
    url: Annotated[str, Field(max_length=2000, pattern=r"^https?://[^\s\"'<>]+$")] | None = None


class PublicationRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    content_id: UUID
    revision_id: UUID
    channel_id: UUID
    external_id: str
    title: str
    published_at: datetime
    url: str | None
    version: int
    created_at: datetime
    created_by: str
