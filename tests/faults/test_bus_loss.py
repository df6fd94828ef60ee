"""A bus that lost its tail, or all of it, is healed by the archive: nothing is lost or doubled."""

import sqlite3
import time

import pytest

from tests.faults.driver import Driver
from tests.faults.proof import prove
from tests.ledger import Ledger
from tests.system.running import System, a_system


def lose_tail(system: System, topic: str, segments: int) -> int:
    """Removes the last segments of each partition, as a power cut takes unsynced writes."""
    connection = sqlite3.connect(system.data / "bus.db")
    lost = 0
    partitions = connection.execute(
        "SELECT partition FROM log WHERE topic = ?", (topic,)
    ).fetchall()
    for (partition,) in partitions:
        rows = connection.execute(
            "SELECT base, count FROM segment WHERE topic = ? AND partition = ?"
            " ORDER BY base DESC LIMIT ?",
            (topic, partition, segments),
        ).fetchall()
        for base, count in rows:
            connection.execute(
                "DELETE FROM segment WHERE topic = ? AND partition = ? AND base = ?",
                (topic, partition, base),
            )
            connection.execute(
                "UPDATE log SET end_offset = ? WHERE topic = ? AND partition = ?",
                (base, topic, partition),
            )
            lost += count
    connection.commit()
    connection.close()
    return lost


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "loss",
    [
        pytest.param("tail of activities", marks=pytest.mark.nightly),
        pytest.param("tail of own events", marks=pytest.mark.nightly),
        pytest.param("everything", marks=pytest.mark.slow),
    ],
)
def test_what_the_bus_lost_comes_again_from_the_archive(tmp_path, loss) -> None:
    with a_system(tmp_path) as system:
        ledger = Ledger(tmp_path / "ledger.jsonl")
        driver = Driver(system, ledger, seed=7)
        driver.set_up()
        driver.start()
        time.sleep(2.0)
        system.kill()
        if loss == "everything":
            for file in system.data.glob("bus.db*"):
                file.unlink()
        else:
            topic = "mediaops.activity" if "activities" in loss else "mediaops.channel"
            assert lose_tail(system, topic, 4) > 0
        system.start()
        time.sleep(1.0)
        driver.stop()
        prove(system, ledger)


@pytest.mark.nightly
@pytest.mark.timeout(300)
def test_consumers_that_lost_their_database_are_healed_too(tmp_path) -> None:
    """The reading side begins anew: it asks for what the bus no longer has."""
    with a_system(tmp_path) as system:
        ledger = Ledger(tmp_path / "ledger.jsonl")
        driver = Driver(system, ledger, seed=8)
        driver.set_up()
        driver.start()
        time.sleep(2.0)
        driver.stop()
        system.settle()
        system.kill()
        assert lose_tail(system, "mediaops.activity", 3) > 0
        for name in ("crm", "insights"):
            for file in system.data.glob(f"{name}.db*"):
                file.unlink()
        system.start()
        prove(system, ledger)
