"""The tables that every service has beside its own: the spine of exactly-once, and its records."""

from dataclasses import dataclass

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from mediaops_common.columns import BigInt, Bytes, Guid, Json, UtcDateTime
from mediaops_common.room import ROOM

__all__ = ["SpineTables", "spine_tables"]


@dataclass(frozen=True)
class SpineTables:
    """Handles to the tables that common code uses in a service's database."""

    lease: Table
    lane: Table
    position: Table
    stall: Table
    heads: Table
    parked: Table
    applied: Table
    outbox: Table
    outbox_lane: Table
    outbox_state: Table
    projection: Table
    rebuild: Table
    workspace: Table
    idempotency: Table
    audit_trail: Table


def spine_tables(metadata: MetaData) -> SpineTables:
    """The spine's tables in this metadata; they are added to it the first time."""
    known = metadata.info.get("spine")
    if known is None:
        known = metadata.info["spine"] = _declare(metadata)
    assert isinstance(known, SpineTables)
    return known


def _declare(metadata: MetaData) -> SpineTables:
    return SpineTables(
        # Who may do a thing that only one may do; every holder's transaction checks the fence.
        lease=Table(
            "lease",
            metadata,
            Column("name", String(120), primary_key=True),
            Column("owner", String(120), nullable=False),
            Column("fence", BigInt, nullable=False),
            Column("expires_at", UtcDateTime, nullable=False),
        ),
        # The last number of each lane that a group has dealt with: 64 shards packed in one row.
        lane=Table(
            "lane",
            metadata,
            Column("group", String(80), primary_key=True),
            Column("producer", String(40), primary_key=True),
            Column("topic", String(80), primary_key=True),
            Column("slot", Integer, primary_key=True),
            Column("numbers", Bytes, nullable=False),
            **ROOM,
        ),
        # Where to read on. It only saves reading: the lanes decide what counts.
        position=Table(
            "position",
            metadata,
            Column("group", String(80), primary_key=True),
            Column("topic", String(80), primary_key=True),
            Column("partition", Integer, primary_key=True),
            Column("cluster_id", String(80), nullable=False),
            Column("topic_id", String(80), nullable=False),
            Column("offset", BigInt, nullable=False),
            Column("version", BigInt, nullable=False),
            # Of a log that was made again or trimmed: the streams [producer, shard] that have told
            # nothing since. Until they do nobody knows what is missing, and readiness is red.
            Column("unheard", Json, nullable=True),
        ),
        # Lanes in which numbers are missing; readiness is red while there are any.
        stall=Table(
            "stall",
            metadata,
            Column("group", String(80), primary_key=True),
            Column("producer", String(40), primary_key=True),
            Column("topic", String(80), primary_key=True),
            Column("shard", Integer, primary_key=True),
            Column("slot", Integer, primary_key=True),
            Column("missing", BigInt, nullable=False),
            Column("fence", BigInt, nullable=False),
            Column("since", UtcDateTime, nullable=False),
        ),
        # The newest heads record that a group has met, per shard: lag and watermarks.
        heads=Table(
            "heads",
            metadata,
            Column("group", String(80), primary_key=True),
            Column("producer", String(40), primary_key=True),
            Column("topic", String(80), primary_key=True),
            Column("partition", Integer, primary_key=True),
            Column("shard", Integer, primary_key=True),
            Column("numbers", Bytes, nullable=False),
            Column("through", UtcDateTime, nullable=True),
            Column("applied_through", UtcDateTime, nullable=True),
            **ROOM,
        ),
        # What could not be handled: never deleted, only marked.
        parked=Table(
            "parked",
            metadata,
            Column("id", Guid, primary_key=True),
            Column("group", String(80), nullable=False),
            Column("producer", String(40), nullable=False),
            Column("topic", String(80), nullable=False),
            Column("shard", Integer, nullable=False),
            Column("slot", Integer, nullable=False),
            Column("seq", BigInt, nullable=False),
            Column("key", Bytes, nullable=False),
            Column("value", Bytes, nullable=False),
            Column("event_id", String(80), nullable=True),
            Column("type", String(120), nullable=False),
            Column("workspace_id", Guid, nullable=True),
            Column("source_id", Guid, nullable=True),
            Column("day", Integer, nullable=True),
            Column("error", Text, nullable=False),
            Column("attempts", Integer, nullable=False),
            Column("state", String(20), nullable=False),
            Column("created_at", UtcDateTime, nullable=False),
            Column("updated_at", UtcDateTime, nullable=False),
            Index("ix_parked_group_state", "group", "state"),
            Index("ix_parked_event_id", "event_id"),
        ),
        # Permanent counters: what each group applied, by source and the local day of receipt.
        applied=Table(
            "applied",
            metadata,
            Column("group", String(80), primary_key=True),
            Column("workspace_id", Guid, primary_key=True),
            Column("source_id", Guid, primary_key=True),
            Column("day", Integer, primary_key=True),
            Column("activities", BigInt, nullable=False),
            Column("retractions", BigInt, nullable=False),
            Column("snapshots", BigInt, nullable=False),
            Column("newest_received_at", UtcDateTime, nullable=True),
            **ROOM,
        ),
        # Own events, written with the change they tell of; kept as long as the bus keeps.
        outbox=Table(
            "outbox",
            metadata,
            Column("id", BigInt, primary_key=True, autoincrement=True),
            Column("topic", String(80), nullable=False),
            Column("key", Bytes, nullable=False),
            Column("value", Bytes, nullable=False),
            Column("slot", Integer, nullable=False),
            Column("place", BigInt, nullable=True, unique=True),
            Column("seq", BigInt, nullable=True),
            Column("created_at", UtcDateTime, nullable=False),
            # Numbers are never used again, even after the newest rows went by age.
            sqlite_autoincrement=True,
        ),
        outbox_lane=Table(
            "outbox_lane",
            metadata,
            Column("topic", String(80), primary_key=True),
            Column("slot", Integer, primary_key=True),
            Column("seq", BigInt, nullable=False),
        ),
        outbox_state=Table(
            "outbox_state",
            metadata,
            Column("id", Integer, primary_key=True),
            Column("last_place", BigInt, nullable=False),
            Column("cursor", BigInt, nullable=False),
            Column("fence", BigInt, nullable=False),
        ),
        # Which generation of the projections is live.
        projection=Table(
            "projection",
            metadata,
            Column("id", Integer, primary_key=True),
            Column("live", Integer, nullable=False),
            Column("newest", Integer, nullable=False),
        ),
        rebuild=Table(
            "rebuild",
            metadata,
            Column("id", Guid, primary_key=True),
            Column("generation", Integer, nullable=False),
            Column("state", String(20), nullable=False),
            Column("topic", String(120), nullable=False),
            Column("positions", Json, nullable=False),
            Column("progress", Json, nullable=False),
            Column("error", Text, nullable=True),
            Column("created_at", UtcDateTime, nullable=False),
            Column("finished_at", UtcDateTime, nullable=True),
        ),
        # The workspaces this service has heard of (ingest's own are written by itself).
        workspace=Table(
            "workspace",
            metadata,
            Column("workspace_id", Guid, primary_key=True),
            Column("slug", String(80), nullable=False, unique=True),
            Column("name", String(200), nullable=False),
            Column("timezone", String(80), nullable=False),
            Column("version", BigInt, nullable=False),
            Column("has_activity", Boolean, nullable=False, default=False),
            Column("created_at", UtcDateTime, nullable=True),
        ),
        # Answers to POSTs that create, kept to be given again.
        idempotency=Table(
            "idempotency",
            metadata,
            Column("workspace_id", Guid, primary_key=True),
            Column("route", String(120), primary_key=True),
            Column("key", String(255), primary_key=True),
            Column("request_digest", Bytes, nullable=False),
            Column("status", Integer, nullable=False),
            Column("body", Bytes, nullable=False),
            Column("created_at", UtcDateTime, nullable=False, index=True),
        ),
        # What staff did.
        audit_trail=Table(
            "audit_trail",
            metadata,
            Column("id", Guid, primary_key=True),
            Column("workspace_id", Guid, nullable=False),
            Column("at", UtcDateTime, nullable=False),
            Column("actor", String(200), nullable=False),
            Column("action", String(80), nullable=False),
            Column("object_type", String(80), nullable=False),
            Column("object_id", String(200), nullable=False),
            Column("request_id", String(80), nullable=True),
            Column("outcome", String(20), nullable=False),
            Column("detail", Json, nullable=False),
            Index("ix_audit_trail_workspace_id_at", "workspace_id", "at"),
        ),
    )
