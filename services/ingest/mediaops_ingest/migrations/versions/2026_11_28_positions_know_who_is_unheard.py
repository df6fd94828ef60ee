"""positions know who has told nothing since their log was made again"""

import sqlalchemy as sa
from alembic import op
from mediaops_common import columns

revision = "20261128022000"
down_revision = "20261128021500"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("position", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unheard", columns.Json, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("position", schema=None) as batch_op:
        batch_op.drop_column("unheard")
