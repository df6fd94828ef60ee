"""leases of topics at a hub"""

import sqlalchemy as sa
from alembic import op
from mediaops_common import columns

revision = "20261126172554"
down_revision = "20261126171500"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hub_lease",
        sa.Column("id", columns.Guid(), nullable=False),
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("source_id", columns.Guid(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("source_version", columns.BigInt, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("asked_at", columns.UtcDateTime(), nullable=True),
        sa.Column("ends_at", columns.UtcDateTime(), nullable=True),
        sa.Column("ask_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hub_lease")),
    )
    with op.batch_alter_table("hub_lease", schema=None) as batch_op:
        batch_op.create_index("ix_hub_lease_ask_at", ["ask_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_hub_lease_source_id"), ["source_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("hub_lease", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_hub_lease_source_id"))
        batch_op.drop_index("ix_hub_lease_ask_at")

    op.drop_table("hub_lease")
