"""How ratios are given."""

from mediaops_common.watermarks import Grade
from pydantic import BaseModel

__all__ = ["Ratio", "ratio"]


class Ratio(BaseModel):
    """`value` is null when the denominator is 0."""

    numerator: int
    denominator: int
    value: float | None
    grade: Grade


def ratio(numerator: int, denominator: int, grade: Grade) -> Ratio:
    value = numerator / denominator if denominator else None
    return Ratio(numerator=numerator, denominator=denominator, value=value, grade=grade)
