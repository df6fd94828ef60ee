"""Column types that behave alike on SQLite and PostgreSQL."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, LargeBinary, TypeDecorator
from sqlalchemy.dialects.postgresql import UUID as PostgresUuid
from sqlalchemy.types import TypeEngine, UserDefinedType

from mediaops_common.ids import uuid_of

__all__ = ["BigInt", "Bytes", "Guid", "Json", "UtcDateTime"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

BigInt = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit integer; on SQLite it is INTEGER, so that a primary key of it counts up by itself."""

Json = JSON()
"""A document as it was given. PostgreSQL's JSONB would order keys anew and turn 1e5 into 100000."""


class _PlainBlob(UserDefinedType[bytes]):
    """Bytes as the driver takes and gives them: SQLAlchemy's own type wraps each value once more,
    which was a seventh of the normaliser's time."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "BLOB"


Bytes = LargeBinary().with_variant(_PlainBlob(), "sqlite")


class Guid(TypeDecorator[UUID]):
    """A UUID: 16 bytes on SQLite, the native type on PostgreSQL."""

    impl = LargeBinary(16)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(PostgresUuid(as_uuid=True))
        return dialect.type_descriptor(_PlainBlob())

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> Any:
        return value if dialect.name == "postgresql" else _bytes_of(value)

    def bind_processor(self, dialect: Dialect) -> Any:
        # The same, without two calls a value.
        return None if dialect.name == "postgresql" else _bytes_of

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:
        if value is None or isinstance(value, UUID):
            return value
        return uuid_of(value)


def _bytes_of(value: UUID | None) -> bytes | None:
    return None if value is None else value.bytes


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment in UTC; refuses naive ones. Microseconds since 1970 on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        if dialect.name == "postgresql":
            return value
        return (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return _EPOCH + timedelta(microseconds=value)
