"""How metrics and their cells are shown."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "CellRead",
    "ComparedRead",
    "CountsRead",
    "ExplanationRead",
    "MetricList",
    "MetricRead",
    "SeriesRead",
]


class MetricRead(BaseModel):
    """A metric's declaration."""

    name: str
    name_zh: str
    unit: str
    formula: str
    dimensions: list[str]
    granularities: list[str]
    version: int
    sources: list[str]
    availability: dict[str, str] = Field(
        description="Platform → pushed (its own webhooks bring it), sent (partners, files and "
        "mappings do), reported (as its counter), computed. `*` is every other platform."
    )
    kpi_of: list[str]
    """The kinds of owner whose channels are judged by it."""
    note: str | None


class MetricList(BaseModel):
    items: list[MetricRead]


class ComparedRead(BaseModel):
    start: str
    value: float | int | None
    numerator: int | None = None
    denominator: int | None = None


class CellRead(BaseModel):
    """One cell of a series."""

    model_config = ConfigDict(extra="allow")

    metric: str
    start: str = Field(description="A day for day and above, else RFC 3339.")
    group: dict[str, str | None]
    value: float | int | None
    numerator: int | None = Field(None, description="Of ratios.")
    denominator: int | None = Field(None, description="Of ratios; when 0 the value is null.")
    currency: str | None = Field(None, description="Of money.")
    grade: Literal["final", "provisional"]
    corrections: int = Field(description="Changes that came after their day was final.")
    compare: ComparedRead | None = None


class SeriesRead(BaseModel):
    items: list[CellRead]


class CountsRead(BaseModel):
    """What became of what this cell is made of."""

    applied: int = Field(description="Activities ever counted in it.")
    repeated: int = Field(
        description="Items that came again, of these channels on these days received; they count "
        "nowhere."
    )
    late: int = Field(description="Of the applied: known only after the day had ended.")
    corrected: int = Field(description="Changes after their day was final.")
    retracted: int = Field(description="Of the applied: taken back.")


class ExplanationRead(BaseModel):
    """Where a cell's number comes from."""

    metric: str
    name_zh: str
    version: int
    granularity: str
    start: str
    end: str = Field(description="The first moment after the period.")
    filters: dict[str, list[str]]
    value: float | int | None
    numerator: int | None = None
    denominator: int | None = None
    currency: str | None = None
    grade: Literal["final", "provisional"]
    corrections: int
    formula: str
    filled: str = Field(description="The formula with this cell's numbers.")
    counts: CountsRead
    rows: list[dict[str, Any]] = Field(
        description="The rows of the rollups behind it, the largest first, 200 at most. `as_of` of "
        "a report says of which moments those are that it is made of."
    )
    rows_left_out: int
    events: str = Field(
        description="The events of this cell, in the archive: reports where they were taken, "
        "which may be after its period, or before."
    )
    events_by_type: dict[str, str]
