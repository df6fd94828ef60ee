"""what sources and workspaces may bring"""

import sqlalchemy as sa
from alembic import op
from mediaops_common import columns

revision = "20261126211000"
down_revision = "20261126204500"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workspace_limit",
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("items_per_second", sa.Float(), nullable=False),
        sa.Column("burst", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_workspace_limit")),
    )
    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.add_column(sa.Column("items_per_second", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("burst", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.drop_column("burst")
        batch_op.drop_column("items_per_second")
    op.drop_table("workspace_limit")
