"""The channels that ingest has told of; workspaces are in the table that every service has."""

from uuid import UUID

from mediaops_common.columns import BigInt, Guid
from sqlmodel import Field

from mediaops_crm.database import CrmModel


class KnownChannel(CrmModel, table=True):
    """A channel of the workspace, as of `version`. Projection."""

    __tablename__ = "known_channel"

    workspace_id: UUID = Field(primary_key=True, sa_type=Guid)
    channel_id: UUID = Field(primary_key=True, sa_type=Guid)
    platform: str = Field(max_length=40)
    name: str = Field(max_length=500)
    version: int = Field(sa_type=BigInt)
