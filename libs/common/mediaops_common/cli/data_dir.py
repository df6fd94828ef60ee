"""The data directory: one process owns it, by a lock that vanishes with the process."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["owned"]


@contextmanager
def owned(data: Path) -> Iterator[None]:
    """Makes the directory when it is missing and locks it. Exits when another process owns it.

    The directory may hold other files; only ours are touched. The kernel drops the lock when the
    process ends, however it ends.
    """
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SystemExit(f"cannot use {data} as data directory: {error.strerror}") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 20, 0).decode("ascii", "replace").strip() or "another"
            raise SystemExit(f"{data} is in use by process {holder}") from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)
