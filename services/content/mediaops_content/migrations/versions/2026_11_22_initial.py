"""The tables of the first version."""

import sqlalchemy as sa
from alembic import op
from mediaops_common import columns
from mediaops_common.first_tables import create_service_tables, drop_service_tables

revision = "20261122224300"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_service_tables()
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
    op.drop_table("known_channel")
    op.drop_table("content")
    drop_service_tables()
