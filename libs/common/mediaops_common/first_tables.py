"""The tables of the first version that every service has: the spine's, and the audience's.

Migrations of the services call these once. As any migration that was released, they stay as they
are: a later change of a table is a migration of its own.
"""

import sqlalchemy as sa
from alembic import op

from mediaops_common import columns

__all__ = [
    "create_audience_tables",
    "create_service_tables",
    "drop_audience_tables",
    "drop_service_tables",
]


def create_service_tables() -> None:
    """Those of every service."""
    op.create_table(
        "applied",
        sa.Column("group", sa.String(length=80), nullable=False),
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("source_id", columns.Guid(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("activities", columns.BigInt, nullable=False),
        sa.Column("retractions", columns.BigInt, nullable=False),
        sa.Column("snapshots", columns.BigInt, nullable=False),
        sa.Column("newest_received_at", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint(
            "group", "workspace_id", "source_id", "day", name=op.f("pk_applied")
        ),
    )
    op.create_table(
        "audit_trail",
        sa.Column("id", columns.Guid(), nullable=False),
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("at", columns.UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=80), nullable=False),
        sa.Column("object_type", sa.String(length=80), nullable=False),
        sa.Column("object_id", sa.String(length=200), nullable=False),
        sa.Column("request_id", sa.String(length=80), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("detail", columns.Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_trail")),
    )
    with op.batch_alter_table("audit_trail", schema=None) as batch_op:
        batch_op.create_index(
            "ix_audit_trail_workspace_id_at", ["workspace_id", "at"], unique=False
        )
    op.create_table(
        "heads",
        sa.Column("group", sa.String(length=80), nullable=False),
        sa.Column("producer", sa.String(length=40), nullable=False),
        sa.Column("topic", sa.String(length=80), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("numbers", sa.LargeBinary(), nullable=False),
        sa.Column("through", columns.UtcDateTime(), nullable=True),
        sa.Column("applied_through", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint(
            "group", "producer", "topic", "partition", "shard", name=op.f("pk_heads")
        ),
    )
    op.create_table(
        "idempotency",
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("route", sa.String(length=120), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("request_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "route", "key", name=op.f("pk_idempotency")),
    )
    with op.batch_alter_table("idempotency", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_idempotency_created_at"), ["created_at"], unique=False)
    op.create_table(
        "lane",
        sa.Column("group", sa.String(length=80), nullable=False),
        sa.Column("producer", sa.String(length=40), nullable=False),
        sa.Column("topic", sa.String(length=80), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("numbers", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("group", "producer", "topic", "slot", name=op.f("pk_lane")),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("fence", columns.BigInt, nullable=False),
        sa.Column("expires_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", columns.BigInt, autoincrement=True, nullable=False),
        sa.Column("topic", sa.String(length=80), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("place", columns.BigInt, nullable=True),
        sa.Column("seq", columns.BigInt, nullable=True),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("place", name=op.f("uq_outbox_place")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "outbox_lane",
        sa.Column("topic", sa.String(length=80), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("seq", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("topic", "slot", name=op.f("pk_outbox_lane")),
    )
    op.create_table(
        "outbox_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("last_place", columns.BigInt, nullable=False),
        sa.Column("cursor", columns.BigInt, nullable=False),
        sa.Column("fence", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_state")),
    )
    op.create_table(
        "parked",
        sa.Column("id", columns.Guid(), nullable=False),
        sa.Column("group", sa.String(length=80), nullable=False),
        sa.Column("producer", sa.String(length=40), nullable=False),
        sa.Column("topic", sa.String(length=80), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("seq", columns.BigInt, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("event_id", sa.String(length=80), nullable=True),
        sa.Column("type", sa.String(length=120), nullable=False),
        sa.Column("workspace_id", columns.Guid(), nullable=True),
        sa.Column("source_id", columns.Guid(), nullable=True),
        sa.Column("day", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.Column("updated_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parked")),
    )
    with op.batch_alter_table("parked", schema=None) as batch_op:
        batch_op.create_index("ix_parked_event_id", ["event_id"], unique=False)
        batch_op.create_index("ix_parked_group_state", ["group", "state"], unique=False)
    op.create_table(
        "position",
        sa.Column("group", sa.String(length=80), nullable=False),
        sa.Column("topic", sa.String(length=80), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("cluster_id", sa.String(length=80), nullable=False),
        sa.Column("topic_id", sa.String(length=80), nullable=False),
        sa.Column("offset", columns.BigInt, nullable=False),
        sa.Column("version", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("group", "topic", "partition", name=op.f("pk_position")),
    )
    op.create_table(
        "projection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("live", sa.Integer(), nullable=False),
        sa.Column("newest", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projection")),
    )
    op.create_table(
        "rebuild",
        sa.Column("id", columns.Guid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("topic", sa.String(length=120), nullable=False),
        sa.Column("positions", columns.Json, nullable=False),
        sa.Column("progress", columns.Json, nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.Column("finished_at", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rebuild")),
    )
    op.create_table(
        "stall",
        sa.Column("group", sa.String(length=80), nullable=False),
        sa.Column("producer", sa.String(length=40), nullable=False),
        sa.Column("topic", sa.String(length=80), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("missing", columns.BigInt, nullable=False),
        sa.Column("fence", columns.BigInt, nullable=False),
        sa.Column("since", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint(
            "group", "producer", "topic", "shard", "slot", name=op.f("pk_stall")
        ),
    )
    op.create_table(
        "workspace",
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("timezone", sa.String(length=80), nullable=False),
        sa.Column("version", columns.BigInt, nullable=False),
        sa.Column("has_activity", sa.Boolean(), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_workspace")),
        sa.UniqueConstraint("slug", name=op.f("uq_workspace_slug")),
    )


def drop_service_tables() -> None:
    """Takes back `create_service_tables`."""
    op.drop_table("workspace")
    op.drop_table("stall")
    op.drop_table("rebuild")
    op.drop_table("projection")
    op.drop_table("position")
    with op.batch_alter_table("parked", schema=None) as batch_op:
        batch_op.drop_index("ix_parked_group_state")
        batch_op.drop_index("ix_parked_event_id")
    op.drop_table("parked")
    op.drop_table("outbox_state")
    op.drop_table("outbox_lane")
    op.drop_table("outbox")
    op.drop_table("lease")
    op.drop_table("lane")
    with op.batch_alter_table("idempotency", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_idempotency_created_at"))
    op.drop_table("idempotency")
    op.drop_table("heads")
    with op.batch_alter_table("audit_trail", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_trail_workspace_id_at")
    op.drop_table("audit_trail")
    op.drop_table("applied")


def create_audience_tables() -> None:
    """Those of a service that keeps who was active."""
    op.create_table(
        "audience_actor",
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("ordinal", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint(
            "generation", "workspace_id", "key", name=op.f("pk_audience_actor")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audience_bitmap",
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("channel_id", columns.Guid(), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bits", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "generation", "workspace_id", "channel_id", "day", name=op.f("pk_audience_bitmap")
        ),
    )
    with op.batch_alter_table("audience_bitmap", schema=None) as batch_op:
        batch_op.create_index(
            "ix_audience_bitmap_day", ["generation", "workspace_id", "day"], unique=False
        )
    op.create_table(
        "audience_counter",
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("next", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("generation", "workspace_id", name=op.f("pk_audience_counter")),
    )
    op.create_table(
        "audience_delta",
        sa.Column("id", columns.BigInt, autoincrement=True, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("channel_id", columns.Guid(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("bits", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audience_delta")),
    )
    with op.batch_alter_table("audience_delta", schema=None) as batch_op:
        batch_op.create_index(
            "ix_audience_delta_key",
            ["generation", "workspace_id", "channel_id", "day"],
            unique=False,
        )


def drop_audience_tables() -> None:
    """Takes back `create_audience_tables`."""
    with op.batch_alter_table("audience_delta", schema=None) as batch_op:
        batch_op.drop_index("ix_audience_delta_key")
    op.drop_table("audience_delta")
    op.drop_table("audience_counter")
    with op.batch_alter_table("audience_bitmap", schema=None) as batch_op:
        batch_op.drop_index("ix_audience_bitmap_day")
    op.drop_table("audience_bitmap")
    op.drop_table("audience_actor")
