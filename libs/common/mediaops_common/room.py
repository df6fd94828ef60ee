"""Room in the pages of PostgreSQL for rows that every batch writes anew."""

from typing import Any

from sqlalchemy import Connection, MetaData, Table, text

__all__ = ["ROOM", "make_room"]

ROOM: dict[str, Any] = {"postgresql_with": {"fillfactor": "50"}}
"""For `Table(…)`: a page is filled by half, so that the next version of each of its rows lies in it
too and no index is written. What the version before took is used again without a vacuum."""


def make_room(connection: Connection, metadata: MetaData) -> None:
    """Gives the tables that declare it their room; pages that are full get it as they are written
    anew. A table that has it is left alone."""
    quote = connection.dialect.identifier_preparer.quote
    known = text(
        "SELECT relname, reloptions FROM pg_class"
        " WHERE relnamespace = current_schema()::regnamespace AND reloptions IS NOT NULL"
    )
    options = {name: set(given) for name, given in connection.execute(known)}
    for table in metadata.sorted_tables:
        for name, value in _declared(table).items():
            wanted = f"{name}={value}"
            if wanted not in options.get(table.name, ()):
                connection.exec_driver_sql(f"ALTER TABLE {quote(table.name)} SET ({wanted})")


def _declared(table: Table) -> dict[str, str]:
    declared: dict[str, str] | None = table.dialect_options["postgresql"]["with"]
    return declared or {}
