"""Events of the stream, numbered without holes in each workspace, and the minutes to tell of."""

from datetime import datetime
from typing import Any
from uuid import UUID

from mediaops_common.columns import BigInt, Guid, Json, UtcDateTime
from sqlalchemy import Column, Integer, Table
from sqlmodel import Field

from mediaops_insights.database import METADATA, InsightsModel

__all__ = ["DIRTY_MINUTE", "StreamCounter", "StreamEvent"]

# Minutes that changed since they were last told. `marks` rises with every batch: the writer's
# delete then waits for a batch that is under way, and reads what it counted.
DIRTY_MINUTE = Table(
    "dirty_minute",
    METADATA,
    Column("workspace_id", Guid, primary_key=True),
    Column("minute", Integer, primary_key=True, autoincrement=False),
    Column("marks", BigInt, nullable=False),
)


class StreamCounter(InsightsModel, table=True):
    """The last number given in a workspace; its row is the lock that makes one writer of many.

    Numbers are counted per workspace, so that they tell nothing of another's traffic.
    """

    __tablename__ = "stream_counter"

    workspace_id: UUID = Field(primary_key=True, sa_type=Guid)
    last: int = Field(sa_type=BigInt)


class StreamEvent(InsightsModel, table=True):
    """One event, written by the one writer, kept for a day. Record of no lasting worth."""

    __tablename__ = "stream_event"

    workspace_id: UUID = Field(primary_key=True, sa_type=Guid)
    id: int = Field(primary_key=True, sa_type=BigInt, sa_column_kwargs={"autoincrement": False})
    type: str = Field(max_length=80)
    content: dict[str, Any] = Field(sa_type=Json)
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)
