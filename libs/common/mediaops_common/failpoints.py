"""Named points at which a test can kill, delay or fail a process."""

import os
import signal
import time

__all__ = ["FailpointRaised", "hit", "load"]


class FailpointRaised(Exception):
    """What a failpoint of kind `raise` raises."""


_armed: dict[str, tuple[str, int]] = {}
_seen: dict[str, int] = {}


def load(setting: str | None = None, *, production: bool = False) -> None:
    """Arms the points of `MEDIAOPS_FAILPOINTS`, such as `door.after_commit=kill@3,x=sleep:2`.

    `@N` means the Nth hit (the first without it). Raises SystemExit in production mode.
    """
    text = os.environ.get("MEDIAOPS_FAILPOINTS", "") if setting is None else setting
    _armed.clear()
    _seen.clear()
    if not text:
        return
    if production:
        raise SystemExit("MEDIAOPS_FAILPOINTS is refused in production mode")
    for part in text.split(","):
        name, _, rest = part.strip().partition("=")
        action, _, nth = rest.partition("@")
        _armed[name] = (action, int(nth or 1))


def hit(name: str) -> None:
    """Does nothing unless the point is armed and this is its turn."""
    if name not in _armed:
        return
    action, nth = _armed[name]
    _seen[name] = _seen.get(name, 0) + 1
    if _seen[name] != nth:
        return
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "raise":
        raise FailpointRaised(name)
    elif action.startswith("sleep:"):
        time.sleep(float(action.removeprefix("sleep:")))
