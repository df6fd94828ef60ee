"""on PostgreSQL a day of deliveries is dropped only when nobody has to wait for it"""

from alembic import op

revision = "20261128013500"
down_revision = "20261127222500"
branch_labels = None
depends_on = None

# Whoever appends queues behind the drop while it waits for a reader, such as a dump: senders would
# be refused after a second and a half. The job comes again.
SHORT = "ALTER FUNCTION delivery_log.drop_day(date) SET lock_timeout = '{}'"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(SHORT.format("200ms"))


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(SHORT.format("2s"))
