"""what quality is made of: reasons, delays, what came late"""

import sqlalchemy as sa
from alembic import op
from mediaops_common import columns

revision = "20261126204500"
down_revision = "20261126174845"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "source_day_part",
        sa.Column("source_id", columns.Guid(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("items", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint(
            "source_id", "day", "kind", "name", name=op.f("pk_source_day_part")
        ),
    )
    with op.batch_alter_table("source_day_part", schema=None) as batch_op:
        batch_op.create_index(
            "ix_source_day_part_workspace_id_day", ["workspace_id", "day"], unique=False
        )
    with op.batch_alter_table("source_day", schema=None) as batch_op:
        for name in ("late", "newest_occurred"):
            batch_op.add_column(sa.Column(name, columns.BigInt, server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("source_day", schema=None) as batch_op:
        for name in ("newest_occurred", "late"):
            batch_op.drop_column(name)
    op.drop_table("source_day_part")
