"""What the delivery log acknowledged is there after kill -9, round after round."""

import asyncio
import random
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest
from mediaops_common.clock import FrozenClock
from mediaops_ingest.delivery_log.embedded import open_embedded_log

ROUNDS = 6
WRITER = """
import asyncio, os, sys
from pathlib import Path
from uuid import UUID
from mediaops_common.clock import SystemClock
from mediaops_common.ids import new_id
from mediaops_ingest.delivery_log.embedded import open_embedded_log
from mediaops_ingest.delivery_log.port import NewDelivery

async def main():
    clock = SystemClock()
    log = await open_embedded_log(Path(sys.argv[1]), clock)

    async def sender():
        while True:
            new = NewDelivery(
                id=new_id(), workspace_id=UUID(int=1), source_id=UUID(int=2), channel_id=None,
                shard=0, adapter="generic", received_at=clock.now(), body=os.urandom(1500),
            )
            [seq] = await log.append([new])
            os.write(1, f"{seq} {new.id}\\n".encode())  # one write: whole or not at all

    await asyncio.gather(*(sender() for _ in range(32)))

asyncio.run(main())
"""


def acknowledged_until_killed(folder) -> dict[int, str]:
    acknowledged: dict[int, str] = {}
    dice = random.Random(4)
    for _ in range(ROUNDS):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE
        )
        process.stdout.readline()
        time.sleep(dice.uniform(0.05, 0.6))
        process.kill()
        written = process.stdout.read().decode().splitlines()
        process.wait()
        process.stdout.close()
        for line in written:
            seq, delivery_id = line.split()
            assert int(seq) not in acknowledged, "a seq was given twice"
            acknowledged[int(seq)] = delivery_id
    return acknowledged


@pytest.mark.slow
async def test_what_was_acknowledged_survives_kill_9(tmp_path):
    acknowledged = await asyncio.to_thread(acknowledged_until_killed, tmp_path / "log")
    assert len(acknowledged) > 100

    log = await open_embedded_log(tmp_path / "log", FrozenClock(datetime.now(UTC)))
    kept, after = {}, 0
    while chunk := await log.read(after, 1000):
        kept |= {delivery.seq: str(delivery.id) for delivery in chunk}
        after = chunk[-1].seq
    await log.close()
    assert {seq: kept.get(seq) for seq in acknowledged} == acknowledged
    # What was kept without an answer was in flight at a kill: at most 32 each time.
    assert len(kept) - len(acknowledged) <= ROUNDS * 33
