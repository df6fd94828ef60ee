"""Work in plain Python beside the event loop, where it is large enough to hold it up."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

__all__ = ["aside"]

P = ParamSpec("P")
T = TypeVar("T")

LARGE = 1_000
"""Rows from which the work takes longer than a change of threads is worth."""


async def aside(rows: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `work` returns; it runs in a thread when it has many rows before it."""
    if rows < LARGE:
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)
