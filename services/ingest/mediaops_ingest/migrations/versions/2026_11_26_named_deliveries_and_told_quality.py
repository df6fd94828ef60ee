"""replays name deliveries; what was told of quality is remembered"""

import sqlalchemy as sa
from alembic import op
from mediaops_common import columns

revision = "20261126140500"
down_revision = "20261122234916"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("replay", schema=None) as batch_op:
        batch_op.add_column(sa.Column("delivery_ids", columns.Json, nullable=True))
    with op.batch_alter_table("source_day", schema=None) as batch_op:
        batch_op.add_column(sa.Column("told", columns.BigInt, server_default="0", nullable=False))
        batch_op.create_index(
            "ix_source_day_untold",
            ["source_id", "day"],
            unique=False,
            sqlite_where=sa.text("version > told"),
            postgresql_where=sa.text("version > told"),
        )


def downgrade() -> None:
    with op.batch_alter_table("source_day", schema=None) as batch_op:
        batch_op.drop_index("ix_source_day_untold")
        batch_op.drop_column("told")
    with op.batch_alter_table("replay", schema=None) as batch_op:
        batch_op.drop_column("delivery_ids")
