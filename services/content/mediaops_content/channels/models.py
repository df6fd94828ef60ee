"""The channels that ingest has told of: a projection of its events, no more than is needed."""

from uuid import UUID

from mediaops_common.columns import BigInt, Guid
from sqlmodel import Field

from mediaops_content.database import ContentModel


class KnownChannel(ContentModel, table=True):
    """A channel of the workspace, as of `version`. Projection."""

    __tablename__ = "known_channel"

    workspace_id: UUID = Field(primary_key=True, sa_type=Guid)
    channel_id: UUID = Field(primary_key=True, sa_type=Guid)
    platform: str = Field(max_length=40)
    external_id: str = Field(max_length=500)
    name: str = Field(max_length=500)
    owner_kind: str = Field(max_length=20)
    version: int = Field(sa_type=BigInt)
