"""Contents and revisions as the HTTP API takes and gives them."""

import json
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

MAX_BODY = 1_000_000
MAX_ATTRIBUTES = 65_536


def _not_blank(title: str) -> str:
    stripped = title.strip()
    if not stripped:
        raise ValueError("must not be blank")
    return stripped


def _small_enough(attributes: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(attributes, ensure_ascii=False).encode()) > MAX_ATTRIBUTES:
        raise ValueError(f"must not be larger than {MAX_ATTRIBUTES} bytes")
    return attributes


Title = Annotated[str, Field(max_length=300), AfterValidator(_not_blank)]
Body = Annotated[str, Field(max_length=MAX_BODY)]
Attributes = Annotated[dict[str, Any], AfterValidator(_small_enough)]


class ContentCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: Title
    body: Body = ""
    attributes: Attributes = Field(default_factory=dict)
    """Free facts: format, length, language, tags. Kept with the revision, never interpreted."""


class ContentUpdate(BaseModel):
    """What is left out stays; `attributes` are replaced as a whole."""

    model_config = ConfigDict(extra="forbid")

    title: Title | None = None
    body: Body | None = None
    attributes: Attributes | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("names nothing to change")
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise ValueError(f"{name} must not be null")
        return self


class RevisionRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    content_id: UUID
    number: int
    title: str
    body: str
    attributes: dict[str, Any]
    created_at: datetime
    created_by: str


class ContentSummary(BaseModel):
    """A content in a list: without its text."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    title: str
    version: int
    revision_id: UUID
    created_at: datetime
    updated_at: datetime
    created_by: str


class ContentRead(ContentSummary):
    revision: RevisionRead
