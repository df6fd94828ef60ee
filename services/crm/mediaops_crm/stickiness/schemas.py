"""Stickiness as the HTTP API gives it."""

from datetime import date

from mediaops_common.watermarks import Grade
from pydantic import BaseModel

from mediaops_crm.ratios import Ratio


class StickinessDay(BaseModel):
    """Distinct people active on the day, in the 7 and in the 28 days that end with it."""

    day: date
    dau: int
    wau: int
    mau: int
    stickiness: Ratio
    """DAU / MAU."""


class StickinessRead(BaseModel):
    items: list[StickinessDay]


class HistogramBar(BaseModel):
    active_days: int
    profiles: int


class HistogramRead(BaseModel):
    """How many people were active on exactly so many days of the window."""

    day: date
    window: int
    grade: Grade
    items: list[HistogramBar]
