"""on PostgreSQL days of deliveries are not vacuumed for what was inserted"""

from alembic import op

revision = "20261127222500"
down_revision = "20261127161500"
branch_labels = None
depends_on = None

# Nothing in a day is ever changed or deleted: it is read once, and dropped whole. Vacuum would read
# and write all of it again, each minute, to note that everybody may see it.
LEFT_ALONE = "autovacuum_vacuum_insert_threshold = -1"

MAKE_DAY = """
CREATE OR REPLACE FUNCTION delivery_log.make_day(day date, first bigint, following bigint)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE part text := 'day_' || to_char(day, 'YYYY_MM_DD');
BEGIN
    EXECUTE format(
        'CREATE TABLE delivery_log.%I (LIKE delivery_log.delivery INCLUDING ALL){}', part);
    EXECUTE format(
        'ALTER TABLE delivery_log.delivery ATTACH PARTITION delivery_log.%I'
        ' FOR VALUES FROM (%s) TO (%s)', part, first, following);
END $$
"""

EACH_DAY = """
DO $$
DECLARE part regclass;
BEGIN
    FOR part IN SELECT inhrelid::regclass FROM pg_inherits
        WHERE inhparent = 'delivery_log.delivery'::regclass
    LOOP
        EXECUTE format('ALTER TABLE %s {}', part);
    END LOOP;
END $$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(MAKE_DAY.format(f" WITH ({LEFT_ALONE})"))
        op.execute(EACH_DAY.format(f"SET ({LEFT_ALONE})"))


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(MAKE_DAY.format(""))
        op.execute(EACH_DAY.format("RESET (autovacuum_vacuum_insert_threshold)"))
