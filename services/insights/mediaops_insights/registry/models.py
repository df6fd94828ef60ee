"""The channels and sources that ingest has told of; workspaces are in every service's own table."""

from uuid import UUID

from mediaops_common.columns import BigInt, Guid
from sqlmodel import Field

from mediaops_insights.database import InsightsModel

__all__ = ["KnownChannel", "KnownSource"]


class KnownChannel(InsightsModel, table=True):
    """A channel of the workspace, as of `version`. Projection."""

    __tablename__ = "known_channel"

    workspace_id: UUID = Field(primary_key=True, sa_type=Guid)
    channel_id: UUID = Field(primary_key=True, sa_type=Guid)
    platform: str = Field(max_length=40)
    name: str = Field(max_length=500)
    owner_kind: str = Field(max_length=20)
    version: int = Field(sa_type=BigInt)


class KnownSource(InsightsModel, table=True):
    """A source of the workspace, as of `version`. Projection."""

    __tablename__ = "known_source"

    workspace_id: UUID = Field(primary_key=True, sa_type=Guid)
    source_id: UUID = Field(primary_key=True, sa_type=Guid)
    channel_id: UUID | None = Field(default=None, sa_type=Guid)
    adapter: str = Field(max_length=80)
    enabled: bool
    version: int = Field(sa_type=BigInt)
