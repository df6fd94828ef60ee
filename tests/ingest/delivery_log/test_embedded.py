"""The log in files: one for each day, small WALs, and what a disk can do to them."""

import asyncio
import os
import sqlite3
from datetime import timedelta

import pytest
from mediaops_common import failpoints
from mediaops_ingest.delivery_log.embedded import open_embedded_log
from mediaops_ingest.delivery_log.intake import Limits
from mediaops_ingest.delivery_log.port import LogUnavailable

from tests.ingest.delivery_log.builders import a_delivery


@pytest.fixture
async def log(tmp_path, clock):
    opened = await open_embedded_log(tmp_path / "log", clock)
    yield opened
    await opened.close()


async def test_a_new_day_has_its_own_file(tmp_path, log, clock):
    await log.append([a_delivery()])
    clock.moment += timedelta(days=1)
    await log.append([a_delivery()])
    assert sorted(path.name for path in (tmp_path / "log").glob("*.db")) == [
        "deliveries-2026-11-22.db",
        "deliveries-2026-11-23.db",
    ]


@pytest.mark.parametrize("at", [1, 2, 3])
async def test_a_removal_that_was_cut_short_is_finished_next_time(tmp_path, log, clock, at):
    await log.append([a_delivery()])
    clock.moment += timedelta(days=40)
    [newest] = await log.append([a_delivery()])
    log.note_read(newest)
    failpoints.arm(f"delivery_log.retention=raise@{at}")
    try:
        with pytest.raises(failpoints.FailpointHit):
            await log.drop_before(clock.moment)
    finally:
        failpoints.arm("")
    assert await log.drop_before(clock.moment) == 1
    assert list((tmp_path / "log").glob("*11-22*")) == []
    assert [d.seq for d in await log.read(0, 10)] == [newest]


async def test_a_disk_that_is_full_stops_acknowledging_and_recovers(tmp_path, clock, monkeypatch):
    log = await open_embedded_log(tmp_path / "log", clock)
    [before] = await log.append([a_delivery()])
    real, is_full = log._files.open_writer, [True]

    def open_writer(day):
        connection = real(day)
        if is_full[0]:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count={pages}")
        return connection

    monkeypatch.setattr(log._files, "open_writer", open_writer)
    await log._writing.give_up(sqlite3.OperationalError("begin anew"))
    with pytest.raises(LogUnavailable, match="full"):
        await log.append([a_delivery(os.urandom(200_000))])
    with pytest.raises(LogUnavailable):
        await log.append([a_delivery()])
    assert [d.seq for d in await log.read(0, 10)] == [before]
    is_full[0] = False
    await asyncio.sleep(0.6)
    assert await log.append([a_delivery()]) == [before + 1]
    assert len(await log.read(0, 10)) == 2
    await log.close()


async def test_a_disk_that_hangs_is_not_waited_for(tmp_path, clock, monkeypatch):
    log = await open_embedded_log(tmp_path / "log", clock, Limits(patience_seconds=0.2))
    blocker = sqlite3.connect(tmp_path / "log" / "deliveries-2026-11-22.db", isolation_level=None)
    log._writing._writer._connection.execute("PRAGMA busy_timeout=800")
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(LogUnavailable, match="in time"):
        await log.append([a_delivery()])
    blocker.execute("ROLLBACK")
    blocker.close()
    await asyncio.sleep(0.5)
    assert await log.append([a_delivery()])
    await log.close()


async def test_the_wal_stays_small_under_load(tmp_path, log):
    for _ in range(30):
        await log.append([a_delivery(os.urandom(100_000)) for _ in range(10)])
    wal = next((tmp_path / "log").glob("*-wal"))
    assert wal.stat().st_size < 24 << 20


async def test_files_are_readable_by_their_owner_only(tmp_path, log):
    await log.append([a_delivery()])
    for path in (tmp_path / "log").iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
