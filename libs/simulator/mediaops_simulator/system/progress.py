"""Progress that can be seen: a bar on a terminal, lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["Steps", "show_progress"]

_EVERY = 2.0
"""Seconds between two lines where there is no terminal."""


class Steps:
    """Counts activities sent; tells how many a second."""

    def __init__(self, console: Console, total: int) -> None:
        self.console, self.total = console, total
        self.sent = self.requests = 0
        self.begun = self._told = time.monotonic()
        self.bar: Progress | None = None

    def __call__(self, acts: int) -> None:
        """One request with so many acts was answered."""
        self.sent += acts
        self.requests += 1
        if self.bar is not None:
            self.bar.update(self.bar.task_ids[0], completed=self.sent)
        elif time.monotonic() - self._told >= _EVERY:
            self.tell()

    def tell(self) -> None:
        """One line: how much of how much, and how fast."""
        self._told = time.monotonic()
        share = 100 * self.sent // max(self.total, 1)
        self.console.print(
            f"history {share}%: {self.sent:,} of {self.total:,} activities "
            f"in {self.requests:,} requests, {self.sent / self.seconds:,.0f}/s",
            highlight=False,
        )

    @property
    def seconds(self) -> float:
        return max(time.monotonic() - self.begun, 1e-6)


@contextmanager
def show_progress(console: Console, total: int) -> Iterator[Steps]:
    """Counts while the body runs, and says at the end what it came to."""
    steps = Steps(console, total)
    if console.is_terminal and sys.stderr.isatty():
        columns = (
            TextColumn("history"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=console) as bar:
            bar.add_task("history", total=total)
            steps.bar = bar
            yield steps
    else:
        yield steps
    steps.tell()
