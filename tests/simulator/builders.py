"""Small histories by hand."""

from datetime import UTC, date, datetime, time
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from mediaops_simulator.company.acts import Act
from mediaops_simulator.plan.sendings import Sending
from mediaops_simulator.truth.book import Book

ZONE = ZoneInfo("Asia/Shanghai")
RECEIVED = datetime(2026, 3, 31, 4, tzinfo=UTC)
_numbers = count(1)


def day(number: int) -> date:
    return date(2026, 3, number)


def an_act(number: int, person: str | None = "ann", **more: Any) -> Act:
    """A view in the shop at noon of that day of March; anything else by keyword."""
    noon = datetime.combine(day(number), time(12), tzinfo=ZONE)
    fields: dict[str, Any] = {
        "account": "shop",
        "type": "view.recorded",
        "at": int(noon.timestamp()),
        "key": f"k{next(_numbers)}",
        "person": person,
    }
    return Act(**(fields | more))


def a_sending(*acts: Act, **more: Any) -> Sending:
    fields: dict[str, Any] = {"account": acts[0].account, "key": acts[0].key, "lane": 0}
    return Sending(acts=tuple(acts), **(fields | more))


def a_book(*acts: Act) -> Book:
    """A book in which each act was acknowledged once."""
    book = Book(ZONE)
    for act in acts:
        book.acknowledged(a_sending(act), RECEIVED)
    return book
