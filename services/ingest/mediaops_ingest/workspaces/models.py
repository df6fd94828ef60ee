"""What ingest keeps of workspaces beside the table that every service has. Record."""

from uuid import UUID

from mediaops_common.columns import Guid
from sqlmodel import Field

from mediaops_ingest.database import IngestModel


class WorkspaceLimit(IngestModel, table=True):
    """What a workspace may bring in all, where that is not the installation's default."""

    __tablename__ = "workspace_limit"

    workspace_id: UUID = Field(primary_key=True, sa_type=Guid)
    items_per_second: float
    burst: int | None = None
