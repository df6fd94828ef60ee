"""Machines whose clocks differ, in one process."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo

import pytest

__all__ = ["on_machine"]

COORDINATING = ("attendance", "database_clock", "lease", "projections", "swap")
"""Modules by which replicas agree with each other."""


@contextmanager
def on_machine(*, ahead: float) -> Iterator[None]:
    """What runs inside runs on a machine whose clock is so many seconds ahead."""

    class Ahead(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz or UTC) + timedelta(seconds=ahead)

    machine_time = time.time
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.time", lambda: machine_time() + ahead)
        for module in COORDINATING:
            patch.setattr(f"mediaops_common.{module}.datetime", Ahead, raising=False)
        yield
