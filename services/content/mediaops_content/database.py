"""The registry of content's tables; each feature's models are declared on it."""

from mediaops_common.db import NAMING
from mediaops_common.tables import spine_tables
from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

__all__ = ["METADATA", "ContentModel"]


class ContentModel(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """What every table of this service derives from."""


METADATA = ContentModel.metadata

spine_tables(METADATA)
