"""The embedded bus passes the contract and survives the death of its process."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mediaops_common.bus import embedded_file
from mediaops_common.bus.embedded import EmbeddedBus

from tests.common.bus_contract import BusContract, a_record


class TestEmbeddedBus(BusContract):
    @pytest.fixture
    async def bus(self, tmp_path):
        bus = EmbeddedBus(tmp_path / "bus.db")
        await bus.open()
        self.open_buses = [bus]
        yield bus
        for one in self.open_buses:
            await one.close()

    @pytest.fixture
    def reopened(self, bus, tmp_path):
        async def reopen() -> EmbeddedBus:
            await bus.close()
            again = EmbeddedBus(tmp_path / "bus.db")
            await again.open()
            self.open_buses = [again]
            return again

        return reopen

    @pytest.fixture
    def trimmed(self, bus):
        async def trim(topic: str, partition: int) -> None:
            await bus._write(bus._writer._trim, time.time() + 1)

        return trim


async def test_what_is_older_than_the_retention_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_file, "TRIM_SECONDS", -1)
    bus = EmbeddedBus(tmp_path / "bus.db", partitions=1, retention_seconds=0.0)
    await bus.open()
    await bus.topic("t")
    await bus.publish("t", 0, [a_record(1)])
    await bus.publish("t", 0, [a_record(2)])
    (bounds,) = await bus.bounds([("t", 0)])
    assert bounds.start >= 1
    assert bounds.end == 2
    await bus.close()


WRITER = """
import asyncio, sys
from pathlib import Path
from mediaops_common.bus import embedded_file
from mediaops_common.bus.embedded import EmbeddedBus
from mediaops_common.bus import Record

async def main():
    bus = EmbeddedBus(Path(sys.argv[1]), partitions=1)
    await bus.open()
    await bus.topic("t")
    n = 0
    while True:
        await bus.publish("t", 0, [Record(b"k", b"v", "tests", 0, 0, n + i) for i in range(10)])
        n += 10
        print(n, flush=True)

asyncio.run(main())
"""


@pytest.mark.slow
async def test_nothing_acknowledged_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "bus.db"
    for round_ in range(3):
        process = subprocess.Popen(  # noqa: ASYNC220 - the test waits for it on purpose
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        acknowledged = 0
        for _ in range(20 + 7 * round_):
            acknowledged = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        acknowledged = max([acknowledged, *map(int, process.stdout.read().split())])
        process.wait()
        process.stdout.close()
        bus = EmbeddedBus(path, partitions=1)
        await bus.open()
        ((_, end),) = await bus.bounds([("t", 0)])
        records = []
        while len(records) < end:
            chunk = await bus.read("t", 0, len(records), 1_000)
            assert chunk is not None
            records += chunk.records
        await bus.close()
        assert len(records) >= acknowledged
        path.unlink()
