"""The tables of the first version."""

import sqlalchemy as sa
from alembic import op
from mediaops_common import columns

revision = "20261122224300"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
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
        "content",
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("id", columns.Guid(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("title_folded", sa.Text(), nullable=False),
        sa.Column("version", columns.BigInt, nullable=False),
        sa.Column("revision_id", columns.Guid(), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.Column("updated_at", columns.UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_content")),
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
        "known_channel",
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("channel_id", columns.Guid(), nullable=False),
        sa.Column("platform", sa.String(length=40), nullable=False),
        sa.Column("external_id", sa.String(length=500), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("owner_kind", sa.String(length=20), nullable=False),
        sa.Column("version", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "channel_id", name=op.f("pk_known_channel")),
    )
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
    op.create_table(
        "revision",
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("id", columns.Guid(), nullable=False),
        sa.Column("content_id", columns.Guid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("attributes", columns.Json, nullable=False),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "content_id"],
            ["content.workspace_id", "content.id"],
            name=op.f("fk_revision_workspace_id_content_id_content"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_revision")),
        sa.UniqueConstraint(
            "workspace_id",
            "content_id",
            "number",
            name=op.f("uq_revision_workspace_id_content_id_number"),
        ),
    )
    op.create_table(
        "publication",
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("id", columns.Guid(), nullable=False),
        sa.Column("content_id", columns.Guid(), nullable=False),
        sa.Column("revision_id", columns.Guid(), nullable=False),
        sa.Column("channel_id", columns.Guid(), nullable=False),
        sa.Column("external_id", sa.String(length=500), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("published_at", columns.UtcDateTime(), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=True),
        sa.Column("version", columns.BigInt, nullable=False),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "revision_id"],
            ["revision.workspace_id", "revision.id"],
            name=op.f("fk_publication_workspace_id_revision_id_revision"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_publication")),
        sa.UniqueConstraint(
            "workspace_id",
            "channel_id",
            "external_id",
            name=op.f("uq_publication_workspace_id_channel_id_external_id"),
        ),
    )
    with op.batch_alter_table("publication", schema=None) as batch_op:
        batch_op.create_index(
            "ix_publication_workspace_id_content_id", ["workspace_id", "content_id"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("publication", schema=None) as batch_op:
        batch_op.drop_index("ix_publication_workspace_id_content_id")

    op.drop_table("publication")
    op.drop_table("revision")
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
    op.drop_table("known_channel")
    with op.batch_alter_table("idempotency", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_idempotency_created_at"))

    op.drop_table("idempotency")
    op.drop_table("heads")
    op.drop_table("content")
    with op.batch_alter_table("audit_trail", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_trail_workspace_id_at")

    op.drop_table("audit_trail")
    op.drop_table("applied")
