"""The tables of the first version."""

import sqlalchemy as sa
from alembic import op
from mediaops_common import columns
from mediaops_common.first_tables import create_service_tables, drop_service_tables

revision = "20261122234916"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_service_tables()
    op.create_table(
        "archive_chunk",
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("chunk", columns.BigInt, nullable=False),
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("channel_id", columns.Guid(), nullable=False),
        sa.Column("first_occurred", columns.UtcDateTime(), nullable=False),
        sa.Column("last_occurred", columns.UtcDateTime(), nullable=False),
        sa.Column("through", columns.UtcDateTime(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("records", columns.Bytes, nullable=False),
        sa.PrimaryKeyConstraint("shard", "chunk", name=op.f("pk_archive_chunk")),
    )
    with op.batch_alter_table("archive_chunk", schema=None) as batch_op:
        batch_op.create_index(
            "ix_archive_chunk_channel_occurred",
            ["workspace_id", "channel_id", "last_occurred", "first_occurred"],
            unique=False,
        )
    op.create_table(
        "archive_lane",
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(length=80), nullable=False),
        sa.Column("numbers", columns.Bytes, nullable=False),
        sa.PrimaryKeyConstraint("shard", "topic", name=op.f("pk_archive_lane")),
    )
    op.create_table(
        "channel",
        sa.Column("id", columns.Guid(), nullable=False),
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("platform", sa.String(length=40), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("owner_kind", sa.String(length=20), nullable=False),
        sa.Column("app_id", sa.String(length=200), nullable=True),
        sa.Column("version", columns.BigInt, nullable=False),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.Column("updated_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel")),
        sa.UniqueConstraint(
            "workspace_id",
            "platform",
            "external_id",
            name=op.f("uq_channel_workspace_id_platform_external_id"),
        ),
    )
    op.create_table(
        "dedup_key",
        sa.Column("key", columns.Bytes, nullable=False),
        sa.Column("digest", columns.Bytes, nullable=False),
        sa.Column("adapter", sa.String(length=40), nullable=False),
        sa.Column("seq", columns.BigInt, nullable=False),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_dedup_key")),
    )
    op.create_table(
        "delivery",
        sa.Column("id", columns.Guid(), nullable=False),
        sa.Column("seq", columns.BigInt, nullable=False),
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("source_id", columns.Guid(), nullable=False),
        sa.Column("channel_id", columns.Guid(), nullable=True),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("received_at", columns.UtcDateTime(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("normalised", sa.Integer(), nullable=False),
        sa.Column("duplicates", sa.Integer(), nullable=False),
        sa.Column("conflicts", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("unmapped", sa.Integer(), nullable=False),
        sa.Column("mapping_revision", sa.Integer(), nullable=False),
        sa.Column("chunks", columns.Json, nullable=False),
        sa.Column("notes", columns.Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index("ix_delivery_source_id_seq", ["source_id", "seq"], unique=False)
        batch_op.create_index("ix_delivery_workspace_id_seq", ["workspace_id", "seq"], unique=False)
    op.create_table(
        "mapping_revision",
        sa.Column("source_id", columns.Guid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("mapping", columns.Json, nullable=False),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("source_id", "revision", name=op.f("pk_mapping_revision")),
    )
    op.create_table(
        "registry_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_version")),
    )
    op.create_table(
        "replay",
        sa.Column("id", columns.Guid(), nullable=False),
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("source_id", columns.Guid(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("received_from", columns.UtcDateTime(), nullable=True),
        sa.Column("received_to", columns.UtcDateTime(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("cursor", columns.BigInt, nullable=False),
        sa.Column("counts", columns.Json, nullable=False),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.Column("finished_at", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replay")),
    )
    with op.batch_alter_table("replay", schema=None) as batch_op:
        batch_op.create_index("ix_replay_state", ["state"], unique=False)
    op.create_table(
        "republication",
        sa.Column("id", columns.Guid(), nullable=False),
        sa.Column("service", sa.String(length=40), nullable=False),
        sa.Column("topic", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("ends", columns.Json, nullable=False),
        sa.Column("cursor", columns.Json, nullable=False),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_republication")),
    )
    op.create_table(
        "shard",
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("cursor", columns.BigInt, nullable=False),
        sa.Column("next_chunk", columns.BigInt, nullable=False),
        sa.Column("published", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("shard", name=op.f("pk_shard")),
    )
    op.create_table(
        "source",
        sa.Column("id", columns.Guid(), nullable=False),
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("channel_id", columns.Guid(), nullable=True),
        sa.Column("adapter", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("config", columns.Json, nullable=False),
        sa.Column("mapping_revision", sa.Integer(), nullable=False),
        sa.Column("hook_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("sealed_hook_key", sa.LargeBinary(), nullable=True),
        sa.Column("version", columns.BigInt, nullable=False),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.Column("updated_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint("hook_digest", name=op.f("uq_source_hook_digest")),
    )
    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.create_index(
            "ix_source_workspace_id_channel_id", ["workspace_id", "channel_id"], unique=False
        )
    op.create_table(
        "source_day",
        sa.Column("source_id", columns.Guid(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("channel_id", columns.Guid(), nullable=True),
        sa.Column("deliveries", columns.BigInt, nullable=False),
        sa.Column("received", columns.BigInt, nullable=False),
        sa.Column("normalised", columns.BigInt, nullable=False),
        sa.Column("duplicates", columns.BigInt, nullable=False),
        sa.Column("conflicts", columns.BigInt, nullable=False),
        sa.Column("rejected", columns.BigInt, nullable=False),
        sa.Column("failed", columns.BigInt, nullable=False),
        sa.Column("unmapped", columns.BigInt, nullable=False),
        sa.Column("activities", columns.BigInt, nullable=False),
        sa.Column("retractions", columns.BigInt, nullable=False),
        sa.Column("snapshots", columns.BigInt, nullable=False),
        sa.Column("newest_received_at", columns.UtcDateTime(), nullable=False),
        sa.Column("version", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("source_id", "day", name=op.f("pk_source_day")),
    )
    with op.batch_alter_table("source_day", schema=None) as batch_op:
        batch_op.create_index(
            "ix_source_day_workspace_id_day", ["workspace_id", "day"], unique=False
        )
    op.create_table(
        "source_secret",
        sa.Column("id", columns.Guid(), nullable=False),
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("source_id", columns.Guid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.Column("live_until", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_secret")),
    )
    with op.batch_alter_table("source_secret", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_source_secret_source_id"), ["source_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("source_secret", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_source_secret_source_id"))
    op.drop_table("source_secret")
    with op.batch_alter_table("source_day", schema=None) as batch_op:
        batch_op.drop_index("ix_source_day_workspace_id_day")
    op.drop_table("source_day")
    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.drop_index("ix_source_workspace_id_channel_id")
    op.drop_table("source")
    op.drop_table("shard")
    op.drop_table("republication")
    with op.batch_alter_table("replay", schema=None) as batch_op:
        batch_op.drop_index("ix_replay_state")
    op.drop_table("replay")
    op.drop_table("registry_version")
    op.drop_table("mapping_revision")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_workspace_id_seq")
        batch_op.drop_index("ix_delivery_source_id_seq")
    op.drop_table("delivery")
    op.drop_table("dedup_key")
    op.drop_table("channel")
    op.drop_table("archive_lane")
    with op.batch_alter_table("archive_chunk", schema=None) as batch_op:
        batch_op.drop_index("ix_archive_chunk_channel_occurred")
    op.drop_table("archive_chunk")
    drop_service_tables()
