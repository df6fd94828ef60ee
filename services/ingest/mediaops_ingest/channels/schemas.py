"""Channels as the HTTP API takes and gives them."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from mediaops_common.owner_kinds import OWNER_KINDS
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    computed_field,
    model_validator,
)

OwnerKind = Literal["organisation", "individual"]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


def _each_once(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


Names = Annotated[list[Text], Field(max_length=50), AfterValidator(_each_once)]


class Consequences(BaseModel):
    """What follows from who owns a channel: for those who publish on it, judge it and count its
    income. Here it is said, and on the bus; here nothing is refused for it."""

    approval_steps: int
    """Approvals before something may be published."""
    persona_required: bool
    """Whether it must speak with the voice of a persona (人格化)."""
    kpis: list[str]
    """The metrics it is judged by."""
    revenue_types: list[str]
    """The kinds of income that are expected of it."""


class ChannelCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    platform: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    external_id: Text
    name: Text
    owner_kind: OwnerKind = "organisation"
    app_id: Text | None = None
    verticals: Names = []
    """The niches (垂直领域) it is about."""
    operators: Names = []
    """The subjects of the people who run it."""


class ChannelUpdate(BaseModel):
    """What is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Text | None = None
    owner_kind: OwnerKind | None = None
    verticals: Names | None = None
    operators: Names | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_dump(exclude_none=True):
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
    verticals: list[str]
    operators: list[str]
    version: int
    created_at: datetime
    updated_at: datetime

    @computed_field  # type: ignore[prop-decorator]
    @property
    def consequences(self) -> Consequences:
        """What follows from the kind of its owner."""
        return Consequences.model_validate(OWNER_KINDS[self.owner_kind], from_attributes=True)
