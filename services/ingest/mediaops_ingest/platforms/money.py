"""Amounts of strangers in the smallest unit of their currency."""

import re
from decimal import Decimal
from typing import Any

from mediaops_common.events.activity import Money

__all__ = ["amount_of", "minor_amount"]

_CURRENCY = re.compile(r"[A-Z]{3}")
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
"""ISO 4217: all others have two."""
_MOST_DIGITS = 12


def amount_of(amount: Any, currency: Any) -> Money | None:
    """The amount that a text or number such as "19.90" writes; None for what is none, and for one
    with more decimals than its currency has: nothing is rounded."""
    if not isinstance(currency, str) or isinstance(amount, bool):
        return None
    code = currency.strip().upper()
    if not _CURRENCY.fullmatch(code) or not isinstance(amount, str | int | float):
        return None
    try:
        scaled = Decimal(str(amount).strip()).scaleb(_decimals(code))
        # Asked before int(), which would write out all digits of 1e999999.
        if not scaled.is_finite() or scaled.adjusted() >= _MOST_DIGITS or scaled != int(scaled):
            return None
        return Money(amount_minor=int(scaled), currency=code)
    except ArithmeticError:
        return None


def minor_amount(amount: Any, currency: Any) -> Money | None:
    """One that is in the smallest unit already."""
    if not isinstance(amount, int) or isinstance(amount, bool) or abs(amount) > 10**_MOST_DIGITS:
        return None
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency.upper()):
        return None
    return Money(amount_minor=amount, currency=currency.upper())


def _decimals(code: str) -> int:
    return 0 if code in _NO_DECIMALS else 3 if code in _THREE_DECIMALS else 2
