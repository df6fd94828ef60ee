"""Growth accounting as the HTTP API gives it."""

from datetime import date

from pydantic import BaseModel

from mediaops_crm.ratios import Ratio


class GrowthPeriod(BaseModel):
    """`active` = new + retained + resurrected; the active of the period before = retained +
    churned. Both hold exactly."""

    start: date
    active: int
    new: int
    retained: int
    resurrected: int
    churned: int
    quick_ratio: Ratio
    """(new + resurrected) / churned."""


class GrowthRead(BaseModel):
    items: list[GrowthPeriod]
