"""Profiles as the HTTP API gives them."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel

from mediaops_crm.lifecycle.models import LifecycleState


class IdentityRead(BaseModel):
    """An actor of the profile: who it is on a platform."""

    platform: str
    id_scope: str
    external_id: str
    name: str | None


class ProfileRead(BaseModel):
    """Someone who was active at least once. Days are local days of the workspace."""

    id: UUID
    identities: list[IdentityRead]
    first_active: date
    last_active: date
    lifecycle: LifecycleState
    active_days_7: int
    active_days_28: int


class ProfilePage(ProfileRead):
    active_days: list[date]
    """The days of activity among the 64 that end with the last one."""
