"""The registry of ingest's tables; each feature's models are declared on it."""

from mediaops_common.db import NAMING
from mediaops_common.tables import spine_tables
from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

__all__ = ["METADATA", "TABLES", "IngestModel"]


class IngestModel(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """What every table of this service derives from."""


METADATA = IngestModel.metadata

TABLES = spine_tables(METADATA)

# Migrations compare this module's metadata with the database, so every feature's tables are known
# here. Written as plain imports because each of these modules imports this one.
import mediaops_ingest.archive.models  # noqa: E402
import mediaops_ingest.channels.models  # noqa: E402
import mediaops_ingest.deliveries.models  # noqa: E402
import mediaops_ingest.health.models  # noqa: E402
import mediaops_ingest.hub_leases.models  # noqa: E402
import mediaops_ingest.portraits.models  # noqa: E402
import mediaops_ingest.replays.models  # noqa: E402
import mediaops_ingest.republish.models  # noqa: E402
import mediaops_ingest.sources.models  # noqa: E402
import mediaops_ingest.workspaces.models  # noqa: E402, F401
