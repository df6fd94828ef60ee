"""Days whose numbers may have changed, and the numbers last told."""

from uuid import UUID

from mediaops_common.columns import BigInt, Guid
from sqlmodel import Field

from mediaops_crm.database import CrmModel


class TouchedDay(CrmModel, table=True):
    """A day on which somebody became active, or no longer was, since it was last computed."""

    __tablename__ = "touched_day"

    workspace_id: UUID = Field(primary_key=True, sa_type=Guid)
    day: int = Field(primary_key=True)
    touches: int = Field(sa_type=BigInt)
    """Counts up, so that a touch during the computation is not lost."""


class ComputedDay(CrmModel, table=True):
    """What the newest event of the day told. Record: it outlives rebuilds."""

    __tablename__ = "computed_day"

    workspace_id: UUID = Field(primary_key=True, sa_type=Guid)
    day: int = Field(primary_key=True)
    dau: int
    wau: int
    mau: int
    new: int
    version: int = Field(sa_type=BigInt)
