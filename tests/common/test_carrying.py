"""A dump holds every value, whichever database it came from and whichever it goes to."""

import json
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
from mediaops_common.carrying import dump, load
from mediaops_common.carrying.values import packer, unpacker
from mediaops_common.cli.process import load_services
from mediaops_common.clock import FrozenClock
from mediaops_common.db import open_database
from mediaops_common.ids import workspace_id
from mediaops_common.schema import upgrade
from mediaops_common.settings import StoreSettings
from mediaops_ingest.delivery_log.lifecycle import log_url
from mediaops_ingest.delivery_log.open import open_log
from mediaops_ingest.main import INGEST
from sqlalchemy import Column, Time, delete, insert, select

from tests.common.test_migrations import migrate_further
from tests.databases import SQLITE
from tests.ingest.delivery_log.builders import NOON, a_delivery

MOMENT = datetime(2026, 11, 22, 7, 59, 59, 999_999, tzinfo=UTC)
ROWS = {
    "workspace": {
        "workspace_id": workspace_id("acme"), "slug": "acme", "name": "Ács & Söhne 新媒体",
        "timezone": "Asia/Shanghai", "version": 2**62, "has_activity": True, "created_at": MOMENT,
    },
    "parked": {
        "id": UUID(int=7), "group": "ingest.asks", "producer": "crm", "topic": "t", "shard": 1,
        "slot": 2, "seq": 3, "key": b"\x00\xff", "value": b"{}", "event_id": None, "type": "x.v1",
        "workspace_id": None, "source_id": None, "day": None, "error": "why\nnot", "attempts": 3,
        "state": "parked", "created_at": MOMENT, "updated_at": MOMENT,
    },
    "audit_trail": {
        "id": UUID(int=8), "workspace_id": workspace_id("acme"), "at": MOMENT, "actor": "a",
        "action": "b", "object_type": "c", "object_id": "d", "request_id": None,
        "outcome": "done", "detail": {"z": 1, "a": [1e5, 2**53, None, "新"], "deep": {"b": True}},
    },
    "portrait": {
        "id": UUID(int=9), "workspace_id": workspace_id("acme"), "channel_id": UUID(int=10),
        "day": date(2026, 11, 20), "revision": 1, "note": None, "lines": [["age", "18-23", 0.5]],
        "created_at": MOMENT, "created_by": "a",
    },
}  # fmt: skip
EVENT = {"topic": "t", "key": b"k", "value": b"v", "slot": 1, "created_at": MOMENT}


class Place:
    """Where ingest keeps its data."""

    def __init__(self, store: StoreSettings) -> None:
        self.store = store
        self.database = open_database(
            store.url_of("ingest"), name="ingest", metadata=INGEST.metadata
        )

    async def fill(self) -> None:
        """Rows of every kind of value, numbers of rows that are gone, deliveries of two days."""
        await upgrade(INGEST, self.store)
        tables = INGEST.metadata.tables
        async with self.database.write() as session:
            connection = await session.connection()
            for name, row in ROWS.items():
                await connection.execute(insert(tables[name]).values(row))
            for _ in range(3):
                await connection.execute(insert(tables["outbox"]).values(EVENT))
            await connection.execute(delete(tables["outbox"]).where(tables["outbox"].c.id > 1))
        clock = FrozenClock(NOON)
        log = await open_log(log_url(self.store), clock)
        try:
            await log.append([a_delivery(b"x" * 5_000), a_delivery()])
            clock.moment = NOON.replace(day=24)
            await log.append([a_delivery(b"later")])
        finally:
            await log.close()

    async def rows(self) -> dict[str, list[tuple[object, ...]]]:
        """Of all tables."""
        found = {}
        async with self.database.read() as session:
            connection = await session.connection()
            for table in INGEST.metadata.sorted_tables:
                rows = (await connection.execute(select(table))).all()
                found[table.name] = sorted(map(tuple, rows), key=repr)
        return found

    async def deliveries(self) -> list[tuple[int, UUID, bytes]]:
        log = await open_log(log_url(self.store), FrozenClock(NOON))
        try:
            return [(one.seq, one.id, one.body) for one in await log.read(0, 100)]
        finally:
            await log.close()


@pytest.fixture
async def places(tmp_path, backend):
    """Two on the backend, and one on SQLite."""
    made = []
    for name, kind in (("first", backend), ("second", backend), ("laptop", SQLITE)):
        folder = tmp_path / name
        folder.mkdir()
        is_sqlite = kind.name == "sqlite"  # there a copy of what is migrated is cheaper
        url = await (kind.migrated(folder, INGEST) if is_sqlite else kind.blank(folder, "ingest"))
        made.append(Place(StoreSettings(data=folder, database_url=url)))
    yield made
    for place in made:
        await place.database.close()


async def test_every_value_arrives_and_numbers_go_on(tmp_path, places) -> None:
    first, second, laptop = places
    await laptop.fill()
    file = tmp_path / "all.dump"
    for origin, target in ((laptop, first), (first, second)):
        await dump([INGEST], origin.store, file)
        await load([INGEST], target.store, file)
        assert await target.rows() == await laptop.rows()
        assert await target.deliveries() == await laptop.deliveries()
    outbox = INGEST.metadata.tables["outbox"]
    async with second.database.write() as session:
        connection = await session.connection()
        await connection.execute(insert(outbox).values(EVENT))
        numbers = (await connection.execute(select(outbox.c.id).order_by(outbox.c.id))).scalars()
        assert list(numbers) == [1, 4], "numbers of rows that are gone are not given again"
    assert (file.stat().st_mode & 0o777, list(tmp_path.glob("*.part"))) == (0o600, [])


def test_every_column_is_of_a_kind_that_a_file_holds() -> None:
    tables = [t for s in load_services().values() for t in s.metadata.sorted_tables]
    assert len(tables) > 60
    for table in tables:
        packer(list(table.columns))
        unpacker(list(table.columns))


def test_a_column_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(TypeError, match="Time"):
        packer([Column("at", Time())])


async def test_nothing_is_written_over(tmp_path, places) -> None:
    first, second, _ = places
    await first.fill()
    await dump([INGEST], first.store, tmp_path / "all.dump")
    await load([INGEST], second.store, tmp_path / "all.dump")
    before = await second.rows()
    with pytest.raises(FileExistsError, match="rows in"):
        await load([INGEST], second.store, tmp_path / "all.dump")
    assert await second.rows() == before


def damaged(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        largest = max(archive.infolist(), key=lambda member: member.compress_size)
    raw = bytearray(file.read_bytes())
    raw[largest.header_offset + 30 + len(largest.filename) + largest.compress_size // 2] ^= 0xFF
    file.write_bytes(raw)


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def of_another_version(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members["manifest.json"])
    manifest["revisions"]["ingest"] = ["20200101000000"]
    members["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    ("harm", "said"),
    [(damaged, "whole"), (cut_off, "whole"), (of_another_version, "another version")],
)
async def test_what_is_not_whole_or_not_ours_is_refused(tmp_path, places, harm, said) -> None:
    first, second, _ = places
    await first.fill()
    file = tmp_path / "all.dump"
    await dump([INGEST], first.store, file)
    harm(file)
    with pytest.raises(ValueError, match=said):
        await load([INGEST], second.store, file)
    await upgrade(INGEST, second.store)
    assert not any((await second.rows()).values())


async def test_a_newer_version_carries_what_it_has_migrated(tmp_path, places) -> None:
    first, second, _ = places
    await first.fill()
    file = tmp_path / "all.dump"
    await dump([INGEST], first.store, file)
    await upgrade(INGEST, second.store)
    for place in (first, second):
        await migrate_further(place.database)
    with pytest.raises(ValueError, match="a newer version has migrated ingest"):
        await load([INGEST], second.store, file)
    assert not any((await second.rows()).values())
    with pytest.raises(ValueError, match="a newer version has migrated ingest"):
        await dump([INGEST], first.store, tmp_path / "lossy.dump")
    assert not (tmp_path / "lossy.dump").exists()


async def test_a_service_that_is_not_in_it_is_named(tmp_path, places) -> None:
    first, second, _ = places
    await dump([INGEST], first.store, tmp_path / "all.dump")
    with pytest.raises(ValueError, match="nothing of crm"):
        await load([replace(INGEST, name="crm")], second.store, tmp_path / "all.dump")
