"""Audience portraits as the HTTP API takes and gives them."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from mediaops_common.http import Day
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

__all__ = ["Comparison", "DimensionDrift", "Line", "LineIn", "PortraitIn", "PortraitRead", "Shift"]

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class LineIn(BaseModel):
    """One item of one dimension: `age`, `18-23`, 0.31."""

    model_config = ConfigDict(extra="forbid")

    dimension: Name
    item: Name
    share: Share
    """Of the audience, 0 to 1."""
    tgi: Annotated[float | None, Field(ge=0, le=1_000_000, allow_inf_nan=False)] = None
    """目标群体指数, as the platform gives it."""
    base_share: Annotated[float | None, Field(gt=0, le=1, allow_inf_nan=False)] = None
    """The share in the base: where there is no `tgi`, it is 100 × share / base_share."""


class PortraitIn(BaseModel):
    """A portrait; one more for the same day is a correction and keeps the one before."""

    model_config = ConfigDict(extra="forbid")

    day: Day
    note: Annotated[str | None, Field(max_length=500)] = None
    """Where it is from, or why a dimension is empty."""
    lines: Annotated[list[LineIn], Field(max_length=2_000)]

    @model_validator(mode="after")
    def _each_item_once(self) -> Self:
        seen = {(line.dimension, line.item) for line in self.lines}
        if len(seen) < len(self.lines):
            raise ValueError("lines name an item of a dimension twice")
        return self


class Line(BaseModel):
    dimension: str
    item: str
    share: float
    tgi: float | None


class PortraitRead(BaseModel):
    id: UUID
    channel_id: UUID
    day: date
    revision: int
    note: str | None
    lines: list[Line]
    drift: dict[str, float] | None
    """By dimension, how far it is from the newest portrait of an earlier day: half the sum of the
    differences of the shares, 0 for the same audience and 1 for quite another one. Null for the
    first one."""
    created_at: datetime
    created_by: str


class Shift(BaseModel):
    """An item of both portraits; a share is 0 where one does not have it."""

    item: str
    share: float
    with_share: float


class DimensionDrift(BaseModel):
    dimension: str
    drift: float
    shifts: list[Shift]
    """The largest first."""


class Comparison(BaseModel):
    portrait_id: UUID
    with_portrait_id: UUID
    dimensions: list[DimensionDrift]
