"""The file that carries: a ZIP with a member for each table, and last of all a manifest."""

import os
import struct
import zipfile
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from mediaops_common.settings import StoreSettings

__all__ = ["Beside", "Carried", "Manifest", "Reader", "Rows", "Writer", "reading", "writing"]

FORMAT = 1
Rows = Sequence[Sequence[Any]]
LENGTH = struct.Struct(">I")


@dataclass(frozen=True)
class Beside:
    """What a service keeps beside its tables, and how it is carried."""

    name: str
    read: Callable[["StoreSettings"], AsyncIterator[Rows]]
    """Batches of rows of plain values: None, bool, int, float, str, bytes."""
    write: Callable[["StoreSettings", AsyncIterator[Rows]], Awaitable[None]]
    """Puts them where nothing was. Raises FileExistsError where something is."""


class Carried(msgspec.Struct):
    """One member: a table, or what is beside the tables."""

    rows: int
    columns: list[str] = []
    following: int | None = None
    """The next number of a table that counts its rows: none is given twice, also of those gone."""


class Manifest(msgspec.Struct):
    """What a whole dump holds, and of which version."""

    made_at: str
    revisions: dict[str, list[str]]
    """The version of each service's tables."""
    members: dict[str, dict[str, Carried]]
    """service → member → what is in it."""
    format: int = FORMAT


class Writer:
    """Adds members; a file without a manifest is not whole, and never has its name."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    async def add(self, service: str, member: str, batches: AsyncIterator[Rows]) -> int:
        """The number of rows."""
        count = 0
        with self._archive.open(f"{service}/{member}", "w", force_zip64=True) as out:
            async for rows in batches:
                packed = msgspec.msgpack.encode(rows)
                out.write(LENGTH.pack(len(packed)) + packed)
                count += len(rows)
        return count

    def finish(self, manifest: Manifest) -> None:
        self._archive.writestr("manifest.json", msgspec.json.encode(manifest))


class Reader:
    """A dump of this version's format. Raises ValueError for another."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.manifest = msgspec.json.decode(archive.read("manifest.json"), type=Manifest)
        if self.manifest.format != FORMAT:
            raise ValueError(f"its format is {self.manifest.format}, this version reads {FORMAT}")

    def rows(self, service: str, member: str) -> Iterator[list[list[Any]]]:
        """Batches as they were written."""
        with self._archive.open(f"{service}/{member}") as source:
            while head := source.read(LENGTH.size):
                yield msgspec.msgpack.decode(source.read(LENGTH.unpack(head)[0]))


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """A new file for its owner only; it has its name when it is whole and on disk."""
    draft = path.with_name(f"{path.name}.part")
    handle = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600)
    with os.fdopen(handle, "w+b") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            yield Writer(archive)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    """Reads it once to its end before anything else. Raises ValueError for what is no such file, or
    not whole."""
    try:
        with zipfile.ZipFile(path) as archive:
            harmed = archive.testzip()
            if harmed is not None:
                raise ValueError(f"it is not a whole dump: {harmed} is damaged")
            yield Reader(archive)
    except (zipfile.BadZipFile, zlib.error, KeyError, msgspec.DecodeError) as error:
        raise ValueError(f"it is not a whole dump: {error}") from error
