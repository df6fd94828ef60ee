"""on PostgreSQL a group of deliveries comes in one piece"""

from alembic import op

revision = "20261128140000"
down_revision = "20261128022000"
branch_labels = None
depends_on = None

# For each row `ends` has two places in `packed`: where its head ends and where its body does. Its
# id is the 16 bytes before the head. Arrays cost the door more: the driver asks every element what
# it is. The function that takes them stays for replicas of the version before.
APPEND = """
CREATE FUNCTION delivery_log.append(
    turn bigint, lowest bigint, ends integer[], packed bytea
) RETURNS bigint LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
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
    SELECT
        first + place,
        substring(packed, start + 1, 16),
        substring(packed, start + 17, head - start - 16),
        substring(packed, head + 1, body - head)
    FROM generate_series(0, cardinality(ends) / 2 - 1) AS place,
    LATERAL (
        SELECT coalesce(ends[2 * place], 0), ends[2 * place + 1], ends[2 * place + 2]
    ) AS part(start, head, body);
    RETURN first;
END $$
"""
ARGUMENTS = "bigint, bigint, integer[], bytea"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(APPEND)
        op.execute(f"REVOKE ALL ON FUNCTION delivery_log.append({ARGUMENTS}) FROM PUBLIC")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP FUNCTION delivery_log.append({ARGUMENTS})")
