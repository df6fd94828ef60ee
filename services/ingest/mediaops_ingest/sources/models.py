"""Sources, their sealed secrets and the mappings they ever had. Record."""

from datetime import datetime
from typing import Any
from uuid import UUID

from mediaops_common.columns import BigInt, Guid, Json, UtcDateTime
from sqlalchemy import Index, LargeBinary
from sqlmodel import Field

from mediaops_ingest.database import IngestModel


class Source(IngestModel, table=True):
    """One inbound connection of a channel; the implicit ones of the API have no hook."""

    __tablename__ = "source"
    __table_args__ = (Index("ix_source_workspace_id_channel_id", "workspace_id", "channel_id"),)

    id: UUID = Field(primary_key=True, sa_type=Guid)
    workspace_id: UUID = Field(sa_type=Guid)
    channel_id: UUID | None = Field(default=None, sa_type=Guid)
    adapter: str = Field(max_length=40)
    name: str = Field(max_length=200)
    is_enabled: bool
    config: dict[str, Any] = Field(sa_type=Json)
    mapping_revision: int
    """0 until it is given a mapping."""
    hook_digest: bytes | None = Field(default=None, sa_type=LargeBinary(32), unique=True)
    """SHA-256 of the hook key: finds the source without the key being here."""
    sealed_hook_key: bytes | None = Field(default=None, sa_type=LargeBinary)
    items_per_second: float | None = None
    """What it is limited to; None where the installation's default holds."""
    burst: int | None = None
    version: int = Field(sa_type=BigInt)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class SourceSecret(IngestModel, table=True):
    """One complete set of a source's secrets. Never deleted: replays decrypt with old ones."""

    __tablename__ = "source_secret"

    id: UUID = Field(primary_key=True, sa_type=Guid)
    workspace_id: UUID = Field(sa_type=Guid)
    source_id: UUID = Field(sa_type=Guid, index=True)
    sealed: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=UtcDateTime)
    live_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When it stops proving requests; None for the current one."""
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the platform ends it, where whoever entered it knows."""


class MappingRevision(IngestModel, table=True):
    """A mapping as it once was: activities name the revision that first produced them."""

    __tablename__ = "mapping_revision"

    source_id: UUID = Field(primary_key=True, sa_type=Guid)
    revision: int = Field(primary_key=True)
    workspace_id: UUID = Field(sa_type=Guid)
    mapping: dict[str, Any] = Field(sa_type=Json)
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str = Field(max_length=200)


class RegistryVersion(IngestModel, table=True):
    """Rises with every change of a source or channel, so that each replica's door sees one cheap
    number instead of looking at all of them."""

    __tablename__ = "registry_version"

    id: int = Field(primary_key=True)
    number: int = Field(sa_type=BigInt)
