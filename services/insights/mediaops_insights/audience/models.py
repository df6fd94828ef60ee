"""The audience of days as crm computes it. Actors and bitmaps are tables of the common library."""

from uuid import UUID

from mediaops_common.columns import BigInt, Guid
from sqlmodel import Field

from mediaops_insights.database import InsightsModel

__all__ = ["AudienceDay"]


class AudienceDay(InsightsModel, table=True):
    """People (not actors) of one local day, as of `version`. Projection of crm's events."""

    __tablename__ = "audience_day"

    workspace_id: UUID = Field(primary_key=True, sa_type=Guid)
    day: int = Field(primary_key=True)
    dau: int = Field(sa_type=BigInt)
    wau: int = Field(sa_type=BigInt)
    mau: int = Field(sa_type=BigInt)
    new: int = Field(sa_type=BigInt)
    version: int = Field(sa_type=BigInt)
