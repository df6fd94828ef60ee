"""The second wall on PostgreSQL: policies that show a transaction the rows of its workspace, and
what the role that serves may do."""

from typing import Any

from sqlalchemy import Connection, MetaData, Table, text

__all__ = [
    "REACH",
    "SETTING",
    "is_above_the_law",
    "lend",
    "may_make_tables",
    "reach_setting",
    "secure",
]

SETTING = "mediaops.workspace"
"""Set by each transaction for itself: the id of a workspace, or `*`. Unset, nothing is seen."""

REACH = f"(SELECT current_setting('{SETTING}', true))"
"""In brackets of its own it is worked out once for a statement, not once for a row."""

BY_WORKSPACE = (
    f"{REACH} = '*' OR workspace_id ="
    f" (SELECT nullif(nullif(current_setting('{SETTING}', true), ''), '*')::uuid)"
)

POLICY = "workspace"


def reach_setting(reach: str) -> str:
    """The statement by which a transaction says whose rows it may see."""
    quoted = reach.replace("'", "''")
    return f"SET LOCAL {SETTING} = '{quoted}'"


def secure(connection: Connection, metadata: MetaData) -> None:
    """Gives every table that has rows of workspaces its policy, for its owner too; a table that has
    it is left alone. Which rows are whose, a table without `workspace_id` says by
    `info={"row_security": condition}`."""
    quote = connection.dialect.identifier_preparer.quote
    secured = set(
        connection.scalars(
            text(
                "SELECT relname FROM pg_class JOIN pg_policy ON polrelid = pg_class.oid"
                " WHERE relforcerowsecurity AND relrowsecurity"
                " AND relnamespace = current_schema()::regnamespace"
            )
        )
    )
    for table in metadata.sorted_tables:
        condition = _condition(table)
        if condition is None or table.name in secured:
            continue
        name = quote(table.name)
        connection.exec_driver_sql(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
        connection.exec_driver_sql(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
        connection.exec_driver_sql(f"CREATE POLICY {POLICY} ON {name} USING ({condition})")


def _condition(table: Table) -> str | None:
    declared: str | None = table.info.get("row_security")
    return declared or (BY_WORKSPACE if "workspace_id" in table.c else None)


OWNED = """
SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
       nspname, format('%I.%I', nspname, relname) AS name
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind IN ('r', 'p', 'v', 'S') AND pg_has_role(relowner, 'USAGE')
UNION ALL
SELECT 'FUNCTION', nspname, pg_proc.oid::regprocedure::text
FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace
WHERE pg_has_role(proowner, 'USAGE')
"""
MAY = {
    "TABLE": "SELECT, INSERT, UPDATE, DELETE",
    "SEQUENCE": "USAGE, SELECT",
    "FUNCTION": "EXECUTE",
}


def lend(connection: Connection, role: str) -> None:
    """Lets the role read and write rows, and call functions: no more. It makes, changes and drops
    no table. What others own here, an extension's views say, stays theirs."""
    to = connection.dialect.identifier_preparer.quote(role)
    owned = text(f"SELECT * FROM ({OWNED}) AS owned WHERE nspname !~ '^(pg_|information_)'")
    found: dict[str, list[str]] = {}
    for kind, schema, name in connection.execute(owned):
        found.setdefault(kind, []).append(name)
        found.setdefault("SCHEMA", []).append(connection.dialect.identifier_preparer.quote(schema))
    for kind, names in found.items():
        what = ", ".join(dict.fromkeys(names))
        connection.exec_driver_sql(f"GRANT {MAY.get(kind, 'USAGE')} ON {kind} {what} TO {to}")
    connection.exec_driver_sql(f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {to}")


def is_above_the_law(connection: Connection) -> bool:
    """Whether policies do not hold for this role, whatever they say."""
    return bool(
        _of_role(connection, "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = user")
    )


def may_make_tables(connection: Connection) -> bool:
    """Whether this role may make tables in the schema that it uses."""
    return bool(_of_role(connection, "SELECT has_schema_privilege(current_schema(), 'CREATE')"))


def _of_role(connection: Connection, question: str) -> Any:
    return connection.scalar(text(question))
