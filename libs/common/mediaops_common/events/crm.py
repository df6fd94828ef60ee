"""What crm found out about profiles and days (`mediaops.crm`)."""

from datetime import date
from uuid import UUID

from mediaops_common.events.base import Event, Topic, event

__all__ = ["DayComputed", "LifecycleChanged"]


@event("crm.profile.lifecycle_changed", 1, Topic.crm, key="profile_id")
class LifecycleChanged(Event, frozen=True, kw_only=True):
    """A profile moved from one lifecycle state to another."""

    workspace_id: UUID
    profile_id: UUID
    from_state: str | None
    to_state: str
    day: date
    cause: str
    """`activity` with the id of the activity, or `clock`."""
    activity_id: UUID | None
    version: int


@event("crm.day.computed", 1, Topic.crm, key="workspace_id")
class DayComputed(Event, frozen=True, kw_only=True):
    """The audience of one local day of a workspace, as of `version`."""

    workspace_id: UUID
    day: date
    dau: int
    wau: int
    mau: int
    new: int
    version: int
