"""What time it is for all replicas of a service: what their database says.

The clocks of two machines differ; who compared a moment that the one wrote with the other's clock
would take leases early, or wait for those of the dead.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Interval, func, literal, type_coerce
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.columns import UtcDateTime

__all__ = ["LONG_AGO", "now_in"]

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""Over by every clock."""


def now_in(session: AsyncSession, *, plus: float = 0.0) -> ColumnElement[datetime]:
    """The moment at which a statement of this session comes to it, so many seconds later."""
    ahead = timedelta(seconds=plus)
    if session.get_bind().dialect.name == "postgresql":
        # Not `now()`: that is when the transaction began, before it waited for a row.
        return type_coerce(func.clock_timestamp() + literal(ahead, Interval()), UtcDateTime)
    # A file has one machine, and so one clock.
    return literal(datetime.now(UTC) + ahead, UtcDateTime)
