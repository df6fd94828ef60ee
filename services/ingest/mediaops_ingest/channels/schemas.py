"""Channels as the HTTP API takes and gives them."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

OwnerKind = Literal["organisation", "individual"]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class ChannelCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    platform: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    external_id: Text
    name: Text
    owner_kind: OwnerKind = "organisation"
    app_id: Text | None = None


class ChannelUpdate(BaseModel):
    """What is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Text | None = None
    owner_kind: OwnerKind | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.name is None and self.owner_kind is None:
            raise ValueError("names nothing to change")
        return self


class ChannelRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    platform: str
    external_id: str
    name: str
    owner_kind: OwnerKind
    app_id: str | None
    version: int
    created_at: datetime
    updated_at: datetime
