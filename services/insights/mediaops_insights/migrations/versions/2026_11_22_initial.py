"""The tables of the first version."""

import sqlalchemy as sa
from alembic import op
from mediaops_common import columns
from mediaops_common.first_tables import (
    create_audience_tables,
    create_service_tables,
    drop_audience_tables,
    drop_service_tables,
)

revision = "20261122231826"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_service_tables()
    create_audience_tables()
    op.create_table(
        "audience_day",
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("dau", columns.BigInt, nullable=False),
        sa.Column("wau", columns.BigInt, nullable=False),
        sa.Column("mau", columns.BigInt, nullable=False),
        sa.Column("new", columns.BigInt, nullable=False),
        sa.Column("version", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "day", name=op.f("pk_audience_day")),
    )
    op.create_table(
        "dirty_minute",
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("minute", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("marks", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "minute", name=op.f("pk_dirty_minute")),
    )
    op.create_table(
        "external_content",
        sa.Column("id", columns.BigInt, autoincrement=True, nullable=False),
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("channel_id", columns.Guid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_content")),
        sa.UniqueConstraint(
            "workspace_id",
            "external_id",
            "channel_id",
            name=op.f("uq_external_content_workspace_id_external_id_channel_id"),
        ),
    )
    with op.batch_alter_table("external_content", schema=None) as batch_op:
        batch_op.create_index(
            "ix_external_content_workspace_id_id", ["workspace_id", "id"], unique=False
        )
    op.create_table(
        "known_channel",
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("channel_id", columns.Guid(), nullable=False),
        sa.Column("platform", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("owner_kind", sa.String(length=20), nullable=False),
        sa.Column("version", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "channel_id", name=op.f("pk_known_channel")),
    )
    op.create_table(
        "known_source",
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("source_id", columns.Guid(), nullable=False),
        sa.Column("channel_id", columns.Guid(), nullable=True),
        sa.Column("adapter", sa.String(length=80), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("version", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "source_id", name=op.f("pk_known_source")),
    )
    for name in ("money_day", "money_hour"):
        op.create_table(
            name,
            sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
            sa.Column("workspace", columns.BigInt, autoincrement=False, nullable=False),
            sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
            sa.Column("currency", sa.String(length=16), nullable=False),
            sa.Column("channel", columns.BigInt, autoincrement=False, nullable=False),
            sa.Column("content", columns.BigInt, autoincrement=False, nullable=False),
            sa.Column("type", columns.BigInt, autoincrement=False, nullable=False),
            sa.Column("region", columns.BigInt, autoincrement=False, nullable=False),
            sa.Column("n", columns.BigInt, nullable=False),
            sa.Column("amount", columns.BigInt, nullable=False),
            sa.Column("corrections", columns.BigInt, nullable=False),
            sa.Column("late", columns.BigInt, nullable=False),
            sa.Column("retracted", columns.BigInt, nullable=False),
            sa.PrimaryKeyConstraint(
                "generation",
                "workspace",
                "bucket",
                "currency",
                "channel",
                "content",
                "type",
                "region",
                name=op.f(f"pk_{name}"),
            ),
            sqlite_with_rowid=False,
        )
    op.create_table(
        "name",
        sa.Column("id", columns.BigInt, autoincrement=True, nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_name")),
        sa.UniqueConstraint("kind", "text", name=op.f("uq_name_kind_text")),
    )
    op.create_table(
        "publication",
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("publication_id", columns.Guid(), nullable=False),
        sa.Column("content_id", columns.Guid(), nullable=False),
        sa.Column("revision_id", columns.Guid(), nullable=False),
        sa.Column("channel_id", columns.Guid(), nullable=False),
        sa.Column("external_id", sa.String(length=1000), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("published_at", columns.UtcDateTime(), nullable=False),
        sa.Column("version", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "publication_id", name=op.f("pk_publication")),
    )
    with op.batch_alter_table("publication", schema=None) as batch_op:
        batch_op.create_index(
            "ix_publication_place", ["workspace_id", "external_id", "channel_id"], unique=False
        )
    for name in ("rollup_day", "rollup_ever", "rollup_hour", "rollup_minute"):
        op.create_table(
            name,
            sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
            sa.Column("workspace", columns.BigInt, autoincrement=False, nullable=False),
            sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
            sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
            sa.Column("channel", columns.BigInt, autoincrement=False, nullable=False),
            sa.Column("content", columns.BigInt, autoincrement=False, nullable=False),
            sa.Column("type", columns.BigInt, autoincrement=False, nullable=False),
            sa.Column("region", columns.BigInt, autoincrement=False, nullable=False),
            sa.Column("n", columns.BigInt, nullable=False),
            sa.Column("total", columns.BigInt, nullable=False),
            sa.Column("corrections", columns.BigInt, nullable=False),
            sa.Column("late", columns.BigInt, nullable=False),
            sa.Column("retracted", columns.BigInt, nullable=False),
            sa.PrimaryKeyConstraint(
                "generation",
                "workspace",
                "level",
                "bucket",
                "channel",
                "content",
                "type",
                "region",
                name=op.f(f"pk_{name}"),
            ),
            sqlite_with_rowid=False,
        )
    op.create_table(
        "snapshot_fact",
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("channel_id", columns.Guid(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("metric", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("at", columns.BigInt, autoincrement=False, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("as_of", columns.UtcDateTime(), nullable=False),
        sa.Column("value", columns.BigInt, nullable=False),
        sa.Column("snapshot_id", columns.Guid(), nullable=False),
        sa.Column("is_retracted", sa.Boolean(), nullable=False),
        sa.Column("corrections", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint(
            "generation",
            "workspace_id",
            "channel_id",
            "content",
            "metric",
            "kind",
            "at",
            name=op.f("pk_snapshot_fact"),
        ),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("snapshot_fact", schema=None) as batch_op:
        batch_op.create_index(
            "ix_snapshot_fact_day", ["generation", "workspace_id", "metric", "day"], unique=False
        )
    op.create_table(
        "source_day",
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("source_id", columns.Guid(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("channel_id", columns.Guid(), nullable=True),
        sa.Column("deliveries", columns.BigInt, nullable=False),
        sa.Column("received", columns.BigInt, nullable=False),
        sa.Column("normalised", columns.BigInt, nullable=False),
        sa.Column("duplicates", columns.BigInt, nullable=False),
        sa.Column("conflicts", columns.BigInt, nullable=False),
        sa.Column("rejected", columns.BigInt, nullable=False),
        sa.Column("failed", columns.BigInt, nullable=False),
        sa.Column("pending", columns.BigInt, nullable=False),
        sa.Column("newest_received_at", columns.UtcDateTime(), nullable=True),
        sa.Column("version", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "source_id", "day", name=op.f("pk_source_day")),
    )
    with op.batch_alter_table("source_day", schema=None) as batch_op:
        batch_op.create_index(
            "ix_source_day_workspace_id_day", ["workspace_id", "day"], unique=False
        )
    op.create_table(
        "stream_counter",
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("last", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_stream_counter")),
    )
    op.create_table(
        "stream_event",
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("id", columns.BigInt, autoincrement=False, nullable=False),
        sa.Column("type", sa.String(length=80), nullable=False),
        sa.Column("content", columns.Json, nullable=False),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_stream_event")),
    )
    with op.batch_alter_table("stream_event", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_stream_event_created_at"), ["created_at"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("stream_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_stream_event_created_at"))
    op.drop_table("stream_event")
    op.drop_table("stream_counter")
    with op.batch_alter_table("source_day", schema=None) as batch_op:
        batch_op.drop_index("ix_source_day_workspace_id_day")
    op.drop_table("source_day")
    with op.batch_alter_table("snapshot_fact", schema=None) as batch_op:
        batch_op.drop_index("ix_snapshot_fact_day")
    op.drop_table("snapshot_fact")
    for name in ("rollup_minute", "rollup_hour", "rollup_ever", "rollup_day"):
        op.drop_table(name)
    with op.batch_alter_table("publication", schema=None) as batch_op:
        batch_op.drop_index("ix_publication_place")
    op.drop_table("publication")
    op.drop_table("name")
    for name in ("money_hour", "money_day"):
        op.drop_table(name)
    op.drop_table("known_source")
    op.drop_table("known_channel")
    with op.batch_alter_table("external_content", schema=None) as batch_op:
        batch_op.drop_index("ix_external_content_workspace_id_id")
    op.drop_table("external_content")
    op.drop_table("dirty_minute")
    op.drop_table("audience_day")
    drop_audience_tables()
    drop_service_tables()
