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

revision = "20261122231543"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_service_tables()
    create_audience_tables()
    op.create_table(
        "actor",
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("ordinal", columns.BigInt, nullable=False),
        sa.Column("profile_id", columns.Guid(), nullable=False),
        sa.Column("platform", sa.String(length=40), nullable=False),
        sa.Column("id_scope", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("generation", "workspace_id", "ordinal", name=op.f("pk_actor")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("actor", schema=None) as batch_op:
        batch_op.create_index(
            "ix_actor_identity",
            ["generation", "workspace_id", "platform", "external_id"],
            unique=False,
        )
        batch_op.create_index(
            "ix_actor_profile", ["generation", "workspace_id", "profile_id"], unique=False
        )
    op.create_table(
        "actor_days",
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("ordinal", columns.BigInt, nullable=False),
        sa.Column("first_day", sa.Integer(), nullable=True),
        sa.Column("last_day", sa.Integer(), nullable=True),
        sa.Column("returned_day", sa.Integer(), nullable=True),
        sa.Column("mask", columns.BigInt, nullable=False),
        sa.Column("name", sa.String(length=500), nullable=True),
        sa.Column("named_day", sa.Integer(), nullable=True),
        sa.Column("named_revision", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint(
            "generation", "workspace_id", "ordinal", name=op.f("pk_actor_days")
        ),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("actor_days", schema=None) as batch_op:
        batch_op.create_index(
            "ix_actor_days_first", ["generation", "workspace_id", "first_day"], unique=False
        )
    op.create_table(
        "computed_day",
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("dau", sa.Integer(), nullable=False),
        sa.Column("wau", sa.Integer(), nullable=False),
        sa.Column("mau", sa.Integer(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("version", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "day", name=op.f("pk_computed_day")),
    )
    op.create_table(
        "known_channel",
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("channel_id", columns.Guid(), nullable=False),
        sa.Column("platform", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("version", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "channel_id", name=op.f("pk_known_channel")),
    )
    op.create_table(
        "told_lifecycle",
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("profile_id", columns.Guid(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("version", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "profile_id", name=op.f("pk_told_lifecycle")),
    )
    op.create_table(
        "touched_day",
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("touches", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "day", name=op.f("pk_touched_day")),
    )
    op.create_table(
        "workspace_day",
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_workspace_day")),
    )


def downgrade() -> None:
    op.drop_table("workspace_day")
    op.drop_table("touched_day")
    op.drop_table("told_lifecycle")
    op.drop_table("known_channel")
    op.drop_table("computed_day")
    with op.batch_alter_table("actor_days", schema=None) as batch_op:
        batch_op.drop_index("ix_actor_days_first")
    op.drop_table("actor_days")
    with op.batch_alter_table("actor", schema=None) as batch_op:
        batch_op.drop_index("ix_actor_profile")
        batch_op.drop_index("ix_actor_identity")
    op.drop_table("actor")
    drop_audience_tables()
    drop_service_tables()
