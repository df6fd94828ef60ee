"""The registry of insights' tables; each feature's models are declared on it."""

from mediaops_common.audience import audience_tables
from mediaops_common.db import NAMING
from mediaops_common.tables import spine_tables
from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

__all__ = ["AUDIENCE", "METADATA", "InsightsModel"]


class InsightsModel(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """What every table of this service derives from."""


METADATA = InsightsModel.metadata

spine_tables(METADATA)

AUDIENCE = audience_tables(METADATA)

# Migrations compare this module's metadata with the database, so every feature's tables are known
# here. Written as plain imports because each of these modules imports this one.
import mediaops_insights.audience.models  # noqa: E402
import mediaops_insights.contents.models  # noqa: E402
import mediaops_insights.names.models  # noqa: E402
import mediaops_insights.quality.models  # noqa: E402
import mediaops_insights.registry.models  # noqa: E402
import mediaops_insights.rollups.models  # noqa: E402
import mediaops_insights.snapshots.models  # noqa: E402
import mediaops_insights.stream.models  # noqa: E402, F401
