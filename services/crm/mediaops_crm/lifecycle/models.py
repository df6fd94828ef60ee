"""Lifecycle states, and what listeners were told of them."""

from enum import StrEnum
from uuid import UUID

from mediaops_common.columns import BigInt, Guid
from sqlmodel import Field

from mediaops_crm.database import CrmModel

__all__ = ["LifecycleState", "ToldLifecycle", "WorkspaceDay"]


class LifecycleState(StrEnum):
    """Where somebody stands, by the days since they were first and last active."""

    new = "new"
    """First active in the last 7 days."""
    resurrected = "resurrected"
    """Came back after more than 30 days, in the last 7 days."""
    active = "active"
    """Last active at most 7 days ago."""
    at_risk = "at_risk"
    """8 to 14 days ago."""
    dormant = "dormant"
    """15 to 30 days ago."""
    churned = "churned"
    """More than 30 days ago."""


class ToldLifecycle(CrmModel, table=True):
    """The state that the newest event of a profile told. Record: it outlives rebuilds, so that
    events never go back behind what was said."""

    __tablename__ = "told_lifecycle"

    workspace_id: UUID = Field(primary_key=True, sa_type=Guid)
    profile_id: UUID = Field(primary_key=True, sa_type=Guid)
    state: str = Field(max_length=20)
    version: int = Field(sa_type=BigInt)


class WorkspaceDay(CrmModel, table=True):
    """Up to which local day the clock has moved the profiles of a workspace. Record."""

    __tablename__ = "workspace_day"

    workspace_id: UUID = Field(primary_key=True, sa_type=Guid)
    day: int
    generation: int
