"""reports that others came over, by their ids"""

import sqlalchemy as sa
from alembic import op
from mediaops_common import columns

revision = "20261128021000"
down_revision = "20261128015003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "snapshot_covered",
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("snapshot_id", columns.Guid(), nullable=False),
        sa.Column("channel_id", columns.Guid(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("metric", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("at", columns.BigInt, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("as_of", columns.UtcDateTime(), nullable=False),
        sa.Column("value", columns.BigInt, nullable=False),
        sa.Column("is_retracted", sa.Boolean(), nullable=False),
        sa.Column("number", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint(
            "generation", "workspace_id", "snapshot_id", name=op.f("pk_snapshot_covered")
        ),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("snapshot_covered", schema=None) as batch_op:
        batch_op.create_index(
            "ix_snapshot_covered_place",
            ["generation", "workspace_id", "channel_id", "content", "metric", "kind", "at"],
            unique=False,
        )
    # What a service of the version before goes on writing has no number: it was said earlier than
    # whatever has one.
    with op.batch_alter_table("snapshot_fact", schema=None) as batch_op:
        batch_op.add_column(sa.Column("number", columns.BigInt, server_default="0", nullable=False))
        batch_op.create_index("ix_snapshot_fact_snapshot_id", ["snapshot_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("snapshot_fact", schema=None) as batch_op:
        batch_op.drop_index("ix_snapshot_fact_snapshot_id")
        batch_op.drop_column("number")
    with op.batch_alter_table("snapshot_covered", schema=None) as batch_op:
        batch_op.drop_index("ix_snapshot_covered_place")
    op.drop_table("snapshot_covered")
