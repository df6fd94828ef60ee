"""Alembic's environment, shared by all services: the caller gives connection and metadata."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext
from mediaops_common.columns import Guid, UtcDateTime
from sqlmodel.sql.sqltypes import AutoString


def render_item(kind: str, item: Any, autogen_context: AutogenContext) -> str | Literal[False]:
    """Writes our own column types by name, and the variants that differ by database."""
    if kind == "type":
        if isinstance(item, AutoString):
            return f"sa.String({'' if item.length is None else f'length={item.length}'})"
        if isinstance(item, Guid | UtcDateTime):
            autogen_context.imports.add("from mediaops_common import columns")
            return f"columns.{type(item).__name__}()"
        if getattr(item, "_variant_mapping", None) or isinstance(item, sa.JSON):
            autogen_context.imports.add("from mediaops_common import columns")
            names = {"JSON": "Json", "LargeBinary": "Bytes"}
            return f"columns.{names.get(type(item).__name__, 'BigInt')}"
    return False


connection = context.config.attributes["connection"]
metadata = context.config.attributes["metadata"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    render_item=render_item,
    user_module_prefix="sqlmodel.sql.sqltypes.",
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
