"""Lifecycle counts as the HTTP API gives them."""

from datetime import date

from pydantic import BaseModel

from mediaops_crm.lifecycle.models import LifecycleState


class LifecycleCount(BaseModel):
    state: LifecycleState
    profiles: int


class LifecycleRead(BaseModel):
    """How many profiles are in each state today."""

    day: date
    items: list[LifecycleCount]
