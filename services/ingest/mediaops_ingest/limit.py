"""What a source or a workspace may bring at most, as the API, the tables and the door have it."""

import math
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

__all__ = ["Burst", "Limit", "Rate"]

BURST_SECONDS = 10
"""A burst that is not named is what the rate brings in this time: webhooks come in crowds."""

LOWEST = 0.01


def _is_rate(rate: float) -> float:
    if 0 < rate < LOWEST:
        raise ValueError(f"must be 0, which means none, or at least {LOWEST}")
    return rate


Rate = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False), AfterValidator(_is_rate)]
Burst = Annotated[int, Field(ge=1, le=10_000_000)]


class Limit(BaseModel):
    """Items a second in the long run, and how many may come at once after a pause.

    A webhook is one item, whatever is in it; of a post each activity or snapshot is one. A rate of
    0 limits nothing, whatever the installation's default is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    items_per_second: Rate
    burst: Burst | None = None
    """Without it, what comes in ten seconds."""

    @classmethod
    def of(cls, items_per_second: float | None, burst: int | None) -> "Limit | None":
        """As a row has it; None where it has none of its own."""
        if items_per_second is None:
            return None
        return cls(items_per_second=items_per_second, burst=burst)

    @property
    def capacity(self) -> int:
        return self.burst or max(1, math.ceil(self.items_per_second * BURST_SECONDS))
