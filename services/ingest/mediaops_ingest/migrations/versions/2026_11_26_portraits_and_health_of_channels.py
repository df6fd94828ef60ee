"""portraits, rhythms, niches and operators of channels, ends of secrets"""

import sqlalchemy as sa
from alembic import op
from mediaops_common import columns

revision = "20261126174845"
down_revision = "20261126172554"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "portrait",
        sa.Column("id", columns.Guid(), nullable=False),
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("channel_id", columns.Guid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("lines", columns.Json, nullable=False),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portrait")),
        sa.UniqueConstraint(
            "workspace_id",
            "channel_id",
            "day",
            "revision",
            name=op.f("uq_portrait_workspace_id_channel_id_day_revision"),
        ),
    )
    op.create_table(
        "source_rhythm",
        sa.Column("source_id", columns.Guid(), nullable=False),
        sa.Column("workspace_id", columns.Guid(), nullable=False),
        sa.Column("channel_id", columns.Guid(), nullable=False),
        sa.Column("last_received_at", columns.UtcDateTime(), nullable=False),
        sa.Column("gaps", columns.Json, nullable=False),
        sa.Column("silent_since", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_source_rhythm")),
    )
    with op.batch_alter_table("channel", schema=None) as batch_op:
        for name in ("verticals", "operators"):
            batch_op.add_column(sa.Column(name, columns.Json, server_default="[]", nullable=False))
    with op.batch_alter_table("source_secret", schema=None) as batch_op:
        batch_op.add_column(sa.Column("expires_at", columns.UtcDateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("source_secret", schema=None) as batch_op:
        batch_op.drop_column("expires_at")
    with op.batch_alter_table("channel", schema=None) as batch_op:
        for name in ("operators", "verticals"):
            batch_op.drop_column(name)
    op.drop_table("source_rhythm")
    op.drop_table("portrait")
