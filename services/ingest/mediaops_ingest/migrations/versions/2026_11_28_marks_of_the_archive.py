"""marks of the archive: how far each lane had come at some of its chunks"""

import sqlalchemy as sa
from alembic import op
from mediaops_common import columns

revision = "20261128021500"
down_revision = "20261128013500"
branch_labels = None
depends_on = None

# Where the shards stand now is known without reading what they have archived.
FIRST = """
INSERT INTO archive_mark (shard, chunk, topic, numbers)
SELECT shard.shard, shard.next_chunk - 1, archive_lane.topic, archive_lane.numbers
FROM shard JOIN archive_lane ON archive_lane.shard = shard.shard
WHERE shard.next_chunk > 1
"""


def upgrade() -> None:
    op.create_table(
        "archive_mark",
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("chunk", columns.BigInt, nullable=False),
        sa.Column("topic", sa.String(length=80), nullable=False),
        sa.Column("numbers", columns.Bytes, nullable=False),
        sa.PrimaryKeyConstraint("shard", "chunk", "topic", name=op.f("pk_archive_mark")),
    )
    op.execute(FIRST)


def downgrade() -> None:
    op.drop_table("archive_mark")
