"""Named places at which fault tests make a process die, raise or wait."""

import os
import re
import signal
import threading
import time

__all__ = ["FailpointHit", "arm", "arm_from_environment", "hit"]

VARIABLE = "MEDIAOPS_FAILPOINTS"
_RULE = re.compile(r"([a-z_.]+)=(kill|raise|sleep:(?P<seconds>[0-9.]+))(@(?P<at>[1-9][0-9]*))?")


class FailpointHit(Exception):
    """Raised at a failpoint that was armed with `raise`."""


class _Failpoint:
    def __init__(self, action: str, seconds: float, at: int | None) -> None:
        self.action, self.seconds, self.at = action, seconds, at
        self.hits = 0
        self.lock = threading.Lock()


_armed: dict[str, _Failpoint] = {}


def hit(name: str) -> None:
    """Does nothing, unless a fault test armed this name."""
    if _armed:
        _act(name)


def arm(rules: str) -> None:
    """Arms `name=kill|raise|sleep:SECONDS[@N],…`: at the Nth hit, or at each without a number.

    Replaces what was armed before; an empty text disarms. Raises ValueError for anything else.
    """
    armed = {}
    for rule in filter(None, (part.strip() for part in rules.split(","))):
        match = _RULE.fullmatch(rule)
        if match is None:
            raise ValueError(f"not a failpoint: {rule!r}")
        at = int(match["at"]) if match["at"] else None
        seconds = float(match["seconds"] or 0)
        armed[match[1]] = _Failpoint(match[2].partition(":")[0], seconds, at)
    _armed.clear()
    _armed.update(armed)


def arm_from_environment(*, production: bool) -> None:
    """Arms what MEDIAOPS_FAILPOINTS says. Raises SystemExit in production mode, or when the text
    is not understood."""
    rules = os.environ.get(VARIABLE, "")
    if not rules:
        return
    if production:
        raise SystemExit(f"{VARIABLE} is refused in production mode")
    try:
        arm(rules)
    except ValueError as error:
        raise SystemExit(f"{VARIABLE}: {error}") from None


def _act(name: str) -> None:
    failpoint = _armed.get(name)
    if failpoint is None:
        return
    with failpoint.lock:
        failpoint.hits += 1
        if failpoint.at is not None and failpoint.hits != failpoint.at:
            return
    if failpoint.action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif failpoint.action == "raise":
        raise FailpointHit(name)
    else:
        time.sleep(failpoint.seconds)
