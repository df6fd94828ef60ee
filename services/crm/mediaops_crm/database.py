"""The registry of crm's tables; each feature's models are declared on it."""

from mediaops_common.audience import audience_tables
from mediaops_common.db import NAMING
from mediaops_common.tables import spine_tables
from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

__all__ = ["AUDIENCE", "METADATA", "CrmModel"]


class CrmModel(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """What every table of this service derives from."""


METADATA = CrmModel.metadata

spine_tables(METADATA)

AUDIENCE = audience_tables(METADATA)

# Migrations compare this module's metadata with the database, so every feature's tables are known
# here. Written as plain imports because each of these modules imports this one.
import mediaops_crm.actors.models  # noqa: E402
import mediaops_crm.days.models  # noqa: E402
import mediaops_crm.lifecycle.models  # noqa: E402
import mediaops_crm.registry.models  # noqa: E402, F401
