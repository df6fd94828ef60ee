"""The whole system on a real Kafka broker: what the broker suffers, no number shows."""

import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import kafka_broker
from tests.faults.driver import Driver
from tests.faults.proof import prove
from tests.ledger import Ledger
from tests.system.running import System, a_system

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not kafka_broker.can_run(), reason=kafka_broker.MISSING),
]


@contextmanager
def a_broker(folder: Path):
    broker = kafka_broker.Broker(folder / "kafka")
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


def started(system: System, ledger: Ledger, seed: int) -> Driver:
    driver = Driver(system, ledger, seed=seed)
    driver.set_up()
    driver.start()
    return driver


def test_a_broker_killed_under_load_loses_nothing_and_doubles_nothing(tmp_path) -> None:
    with a_broker(tmp_path) as broker, a_system(tmp_path, MEDIAOPS_BUS_URL=broker.url) as system:
        ledger = Ledger(tmp_path / "ledger.jsonl")
        driver = started(system, ledger, 11)
        time.sleep(2.0)
        broker.kill()
        before = driver.sent
        time.sleep(2.0)
        assert driver.sent > before, "webhooks are taken without a broker"
        broker.start()
        time.sleep(1.0)
        driver.stop()
        prove(system, ledger)
