"""The values of a mapping: literals, expressions, and expressions with something done to them."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from mediaops_common.zones import zone

from mediaops_ingest.mappings.expressions import BadExpression, Budget, Expression
from mediaops_ingest.platforms.times import parse_rfc3339

__all__ = ["BadMapping", "BadValue", "Scope", "Tables", "Value", "compile_value", "expression_of"]

Tables = Mapping[str, Mapping[str, Any]]
Scope = dict[str, Any]

_OPTIONS = frozenset({"from", "default", "table", "time", "zone", "decimals"})
_TIMES = frozenset({"rfc3339", "unix_s", "unix_ms"})
_LONGEST_TIME = 64
_ANY_TIME = datetime(2026, 11, 22, 8, tzinfo=UTC)
_MOST_DIGITS = 15


class BadMapping(ValueError):
    """The mapping itself is wrong; `position` is such as `activities[0].type`."""

    def __init__(self, position: str, detail: str) -> None:
        super().__init__(f"{position}: {detail}")
        self.position, self.detail = position, detail


class BadValue(ValueError):
    """What the item gives cannot become what the mapping wants."""


class Value(Protocol):
    def of(self, scope: Scope, budget: Budget) -> Any: ...


@dataclass(frozen=True, slots=True)
class Literal:
    value: Any

    def of(self, scope: Scope, budget: Budget) -> Any:
        return self.value


@dataclass(frozen=True, slots=True)
class Plain:
    expression: Expression

    def of(self, scope: Scope, budget: Budget) -> Any:
        return _finite(self.expression.evaluate(scope, budget))


@dataclass(frozen=True, slots=True)
class Changed:
    """An expression, then its table, its time format or its decimals; last of all its default."""

    expression: Expression
    default: Any = None
    table: Mapping[str, Any] | None = None
    time: str | None = None
    zone: ZoneInfo | None = None
    decimals: int | None = None

    def of(self, scope: Scope, budget: Budget) -> Any:
        value = _finite(self.expression.evaluate(scope, budget))
        if value is not None and self.table is not None:
            value = None if isinstance(value, list | dict) else self.table.get(_key(value))
        if value is not None and self.time is not None:
            value = _moment(value, self.time, self.zone)
        if value is not None and self.decimals is not None:
            value = _minor(value, self.decimals)
        return self.default if value is None else value


def compile_value(given: Any, position: str, tables: Tables) -> Value:
    """A value as the mapping writes it: `"=item.id"` is an expression, other text itself, an
    object with `from` an expression with options. Raises `BadMapping`."""
    if isinstance(given, str) and given.startswith("="):
        return Plain(expression_of(given[1:], position))
    if isinstance(given, str | int | float | None):
        return Literal(given)
    if not isinstance(given, dict):
        raise BadMapping(position, "must be text, a number, or an object with from or value")
    if given.keys() == {"value"} and isinstance(given["value"], str | int | float | None):
        return Literal(given["value"])
    for name in given.keys() - _OPTIONS:
        raise BadMapping(f"{position}.{name}", "is not known here")
    if not isinstance(given.get("from"), str):
        raise BadMapping(f"{position}.from", "must be an expression")
    return Changed(
        expression=expression_of(given["from"].removeprefix("="), f"{position}.from"),
        default=_scalar(given.get("default"), f"{position}.default"),
        table=_table(given.get("table"), f"{position}.table", tables),
        time=_time_format(given.get("time"), f"{position}.time"),
        zone=_zone(given.get("zone"), f"{position}.zone"),
        decimals=_decimals(given.get("decimals"), f"{position}.decimals"),
    )


def expression_of(text: str, position: str) -> Expression:
    try:
        return Expression(text)
    except BadExpression as error:
        raise BadMapping(position, str(error)) from None


def _scalar(value: Any, position: str) -> Any:
    if isinstance(value, str | int | float | None):
        return value
    raise BadMapping(position, "must be text, a number, true, false or null")


def _table(given: Any, position: str, tables: Tables) -> Mapping[str, Any] | None:
    if isinstance(given, str):
        if given not in tables:
            raise BadMapping(position, f"there is no table {given[:80]!r}")
        return tables[given]
    if isinstance(given, dict):
        return {key: _scalar(value, f"{position}.{key}") for key, value in given.items()}
    if given is None:
        return None
    raise BadMapping(position, "must be the name of a table or an object")


def _time_format(given: Any, position: str) -> str | None:
    if given is None or (isinstance(given, str) and given in _TIMES):
        return given
    if not isinstance(given, str) or "%" not in given:
        raise BadMapping(position, "must be rfc3339, unix_s, unix_ms or a format such as %Y-%m-%d")
    if len(given) > _LONGEST_TIME:
        raise BadMapping(position, f"is longer than {_LONGEST_TIME} characters")
    try:
        # What it writes it must be able to read: a directive that comes twice is found here.
        datetime.strptime(_ANY_TIME.strftime(given), given)  # noqa: DTZ007 - only whether it can
    except (ValueError, re.error):
        raise BadMapping(position, "is not a format that times can be read with") from None
    return given


def _zone(given: Any, position: str) -> ZoneInfo | None:
    if given is None:
        return None
    try:
        return zone(given)
    except (ValueError, TypeError, KeyError, OSError):
        raise BadMapping(position, "is not the name of a time zone") from None


def _decimals(given: Any, position: str) -> int | None:
    if given is None or (type(given) is int and 0 <= given <= 6):
        return given
    raise BadMapping(position, "must be a number from 0 to 6")


def _key(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        raise BadValue("is no text and no number")
    return str(value)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise BadValue("is not a number")
    return value


def _moment(value: Any, form: str, local: ZoneInfo | None) -> datetime:
    if form == "rfc3339":
        moment = parse_rfc3339(value)
        if moment is None:
            raise BadValue("is not an RFC 3339 time with a zone")
        return moment
    try:
        if form in ("unix_s", "unix_ms"):
            seconds = Decimal(_key(value)) / (1000 if form == "unix_ms" else 1)
            return datetime.fromtimestamp(float(seconds), UTC)
        if not isinstance(value, str) or len(value) > _LONGEST_TIME:
            raise BadValue("is not a time")
        moment = datetime.strptime(value, form)  # noqa: DTZ007 - the zone comes next
        return moment.replace(tzinfo=moment.tzinfo or local or UTC).astimezone(UTC)
    except (ValueError, ArithmeticError, OSError):
        raise BadValue(f"is not a time of the form {form}") from None


def _minor(value: Any, decimals: int) -> int:
    """An amount such as "19.90" in its smallest unit; never rounded."""
    try:
        scaled = Decimal(_key(value)).scaleb(decimals)
        # Asked before int(), which would write out all digits of 1e999999.
        if not scaled.is_finite() or scaled.adjusted() > _MOST_DIGITS:
            raise BadValue("is not an amount")
        whole = int(scaled)
    except ArithmeticError:
        raise BadValue("is not an amount") from None
    if whole != scaled:
        raise BadValue(f"has more than {decimals} decimals")
    return whole
