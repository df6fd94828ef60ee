"""How the threads of a process share the interpreter: the event loop gets its turn soon."""

import sys

__all__ = ["take_short_turns"]

TURN_SECONDS = 0.0005
"""So long a thread computes while the loop waits. The loop asks anew after each look at its
sockets, and Python's own five milliseconds would make of every way to a database and back ten."""


def take_short_turns() -> None:
    """Held by a process that serves, for as long as it runs."""
    sys.setswitchinterval(TURN_SECONDS)
