"""on PostgreSQL a group of deliveries is appended by one statement"""

from alembic import op

revision = "20261127002500"
down_revision = "20261126211000"
branch_labels = None
depends_on = None

# Each statement of it sees what was committed before that statement: the second one sees the rows
# of whoever had the turn before. A seq carries its day above 36 bits.
APPEND = """
CREATE FUNCTION delivery_log.append(
    turn bigint, lowest bigint, ids bytea[], heads bytea[], bodies bytea[]
) RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first bigint;
    day bigint;
    begun date;
BEGIN
    PERFORM pg_advisory_xact_lock(turn);
    SELECT greatest(lowest, max(seq)) + 1 INTO first FROM delivery_log.delivery WHERE seq > lowest;
    day := first >> 36;
    begun := date '1970-01-01' + day::integer;
    IF to_regclass('delivery_log.day_' || to_char(begun, 'YYYY_MM_DD')) IS NULL THEN
        PERFORM delivery_log.make_day(begun, day << 36, (day + 1) << 36);
    END IF;
    INSERT INTO delivery_log.delivery
    SELECT first + place - 1, id, head, body
    FROM unnest(ids, heads, bodies) WITH ORDINALITY AS given(id, head, body, place);
    RETURN first;
END $$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(APPEND)
        op.execute("REVOKE ALL ON FUNCTION delivery_log.append FROM PUBLIC")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION delivery_log.append")
