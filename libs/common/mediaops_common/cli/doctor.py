"""`mediaops doctor`."""

import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaops_common.cli.options import AsJson, DataDir, Url, settings_for

if TYPE_CHECKING:
    from mediaops_common.settings import Settings

__all__ = ["doctor"]

LEAST_FREE = 1024**3

Finding = dict[str, Any]


def doctor(data: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """Looks at this machine, the data directory and the running system; names each repair."""
    from mediaops_common.cli.printing import print_json, print_rows

    settings = settings_for(data)
    found = [*_machine(settings), *_keys(settings), *_running(settings, url)]
    if as_json:
        print_json(found)
    else:
        print_rows(found, ["check", "ok", "found", "repair"])
    if not all(finding["ok"] for finding in found):
        raise SystemExit(1)


def _finding(check: str, ok: bool, found: object, repair: str | None = None) -> Finding:
    return {"check": check, "ok": ok, "found": str(found), "repair": None if ok else repair}


def _machine(settings: "Settings") -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    is_supported = (3, 11) <= sys.version_info[:2] <= (3, 13)
    yield _finding("python", is_supported, version, "install Python 3.11, 3.12 or 3.13")
    # Older ones have the WAL-reset race; one connection that writes and checkpoints avoids it.
    is_recent = sqlite3.sqlite_version_info >= (3, 35)
    yield _finding("sqlite", is_recent, sqlite3.sqlite_version, "SQLite 3.35 or newer is needed")
    data = settings.store.data
    place = _existing(data)
    can_write = os.access(place, os.W_OK | os.X_OK)
    yield _finding("data directory", can_write, data.absolute(), f"make {place} writable")
    free = shutil.disk_usage(place).free
    yield _finding("free disk", free >= LEAST_FREE, f"{free // 1024**2} MiB", "free at least 1 GiB")
    frozen = os.environ.get("MEDIAOPS_CLOCK")
    is_right = not (frozen and settings.store.production)
    yield _finding("clock", is_right, frozen or "system", "unset MEDIAOPS_CLOCK in production")


def _existing(path: Path) -> Path:
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path


def _keys(settings: "Settings") -> Iterator[Finding]:
    from mediaops_common.keys import open_keys, open_private_key

    folder = settings.store.data / "keys"
    if not folder.exists() and settings.keys.public_key_file is None:
        yield _finding("keys", True, "none yet: the first `mediaops up` makes them")
        return
    for name, open_one in (("keys", open_keys), ("signing key", open_private_key)):
        try:
            open_one(settings.keys, folder)
        except SystemExit as error:
            yield _finding(name, False, error, "put it back from a backup")
        else:
            yield _finding(name, True, folder)
    for path in sorted(folder.glob("*.pem")) + sorted(folder.glob("*.key")):
        mode = stat.S_IMODE(path.stat().st_mode)
        yield _finding(f"mode of {path.name}", not mode & 0o077, oct(mode), f"chmod 600 {path}")


def _running(settings: "Settings", url: str | None) -> Iterator[Finding]:
    from mediaops_common.cli.connection import Answered, Connection, find_url

    try:
        connection = Connection(find_url(settings, url), "")
    except SystemExit:
        yield _finding("running", True, "not running")
        return
    for name in ("ingest", "content", "crm", "insights"):
        try:
            health = connection.get(f"/{name}/health/ready")
        except Answered as answer:
            health = answer.problem
        except SystemExit as error:
            yield _finding("running", False, error, "start it with `mediaops up`")
            return
        for check in health.get("checks", []):
            found = check.get("reason") or "ready"
            yield _finding(f"{name}: {check['name']}", check["ok"], found, check.get("repair"))
        yield _finding(name, bool(health.get("ok")), "ready" if health.get("ok") else "not ready")
