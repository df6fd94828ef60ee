"""Publications as the HTTP API takes and gives them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from mediaops_common.http import Moment
from mediaops_common.lengths import LONGEST_PUBLISHED_ID
from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _is_plain(text: str) -> str:
    if text != text.strip() or not text.isprintable():
        raise ValueError("must hold no control characters and no blanks at its ends")
    return text


ExternalId = Annotated[
    str, Field(min_length=1, max_length=LONGEST_PUBLISHED_ID), AfterValidator(_is_plain)
]


class PublicationCreate(BaseModel):
    """A revision is live: which one, where, and under which id the platform knows it."""

    model_config = ConfigDict(extra="forbid")

    content_id: UUID
    revision_id: UUID | None = None
    """Without it, the content's current revision."""
    channel_id: UUID
    external_id: ExternalId
    published_at: Moment
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
