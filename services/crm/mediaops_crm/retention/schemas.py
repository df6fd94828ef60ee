"""Retention as the HTTP API gives it."""

from datetime import date

from pydantic import BaseModel

from mediaops_crm.ratios import Ratio


class RetentionCell(BaseModel):
    days: str
    """The token as it was asked for."""
    ratio: Ratio
    mature: bool
    """Whether the last day that it looks at is over."""


class RetentionCohort(BaseModel):
    """Those whose first active day it was, over all of history."""

    cohort: date
    size: int
    cells: list[RetentionCell]


class RetentionRead(BaseModel):
    items: list[RetentionCohort]
