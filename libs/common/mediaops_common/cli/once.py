"""Commands that do their work in this process and end."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from mediaops_common.logs import configure_logs
from mediaops_common.settings import Settings

__all__ = ["run_once"]

Found = TypeVar("Found")


def run_once(settings: Settings, work: Coroutine[Any, Any, Found]) -> Found:
    """What the work found. What is logged meanwhile goes to standard error, as that of a service
    does: standard output holds the answer and nothing else."""
    configure_logs(settings.log)
    return asyncio.run(work)
