"""on PostgreSQL the delivery log belongs to the owner of the tables"""

from alembic import op

revision = "20261126171500"
down_revision = "20261126140500"
branch_labels = None
depends_on = None

TABLES = (
    "CREATE SCHEMA IF NOT EXISTS delivery_log",
    """CREATE TABLE IF NOT EXISTS delivery_log.delivery (
        seq bigint PRIMARY KEY,
        id bytea NOT NULL,
        head bytea NOT NULL,
        body bytea NOT NULL
    ) PARTITION BY RANGE (seq)""",
    "CREATE INDEX IF NOT EXISTS ix_delivery_id ON delivery_log.delivery (id)",
    # Bodies are compressed before they come.
    "ALTER TABLE delivery_log.delivery ALTER COLUMN body SET STORAGE EXTERNAL",
    # Up to where the normaliser has read: doors on other replicas know the backlog by it.
    """CREATE TABLE IF NOT EXISTS delivery_log.reader (
        id integer PRIMARY KEY,
        through bigint NOT NULL
    )""",
)

# Called by the role that serves, carried out as the owner. A partition is made apart and then
# attached, for which nobody who reads or writes has to wait; to drop one does not wait for long,
# because all others queue behind it.
FUNCTIONS = (
    """CREATE FUNCTION delivery_log.make_day(day date, first bigint, following bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DECLARE part text := 'day_' || to_char(day, 'YYYY_MM_DD');
    BEGIN
        EXECUTE format(
            'CREATE TABLE delivery_log.%I (LIKE delivery_log.delivery INCLUDING ALL)', part);
        EXECUTE format(
            'ALTER TABLE delivery_log.delivery ATTACH PARTITION delivery_log.%I'
            ' FOR VALUES FROM (%s) TO (%s)', part, first, following);
    END $$""",
    """CREATE FUNCTION delivery_log.drop_day(day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET lock_timeout = '2s' AS $$
    BEGIN
        EXECUTE format(
            'DROP TABLE IF EXISTS delivery_log.%I', 'day_' || to_char(day, 'YYYY_MM_DD'));
    END $$""",
    "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA delivery_log FROM PUBLIC",
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for statement in (*TABLES, *FUNCTIONS):
            op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION delivery_log.make_day, delivery_log.drop_day")
