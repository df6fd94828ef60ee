"""Workspaces as the HTTP API takes and gives them."""

from datetime import datetime
from functools import cache
from typing import Annotated, Self
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from mediaops_ingest.limit import Limit


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _is_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("is not the name of a time zone, such as Asia/Shanghai")
    return name


Slug = Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$", max_length=63)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Timezone = Annotated[str, Field(max_length=80), AfterValidator(_is_zone)]


class WorkspaceCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    slug: Slug
    name: Name
    timezone: Timezone = "Asia/Shanghai"
    limit: Limit | None = None
    """What all its sources and posts may bring together; without it the installation's default."""


class WorkspaceUpdate(BaseModel):
    """What is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    timezone: Timezone | None = None
    limit: Limit | None = None
    """Null takes it away: the installation's default holds again."""

    @property
    def changes_limit(self) -> bool:
        return "limit" in self.model_fields_set

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.name is None and self.timezone is None and not self.changes_limit:
            raise ValueError("names nothing to change")
        return self


class WorkspaceRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    slug: str
    name: str
    timezone: str
    version: int
    has_activity: bool
    created_at: datetime
    limit: Limit | None
    """What it may bring; null: the installation's default."""
