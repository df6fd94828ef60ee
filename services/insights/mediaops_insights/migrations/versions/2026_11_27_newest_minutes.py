"""the newest minutes apart from hours and days"""

import sqlalchemy as sa
from alembic import op
from mediaops_common import columns

revision = "20261127000500"
down_revision = "20261122231826"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rollup_newest",
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("workspace", columns.BigInt, autoincrement=False, nullable=False),
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("channel", columns.BigInt, autoincrement=False, nullable=False),
        sa.Column("content", columns.BigInt, autoincrement=False, nullable=False),
        sa.Column("type", columns.BigInt, autoincrement=False, nullable=False),
        sa.Column("region", columns.BigInt, autoincrement=False, nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
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
            name=op.f("pk_rollup_newest"),
        ),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("rollup_newest")
