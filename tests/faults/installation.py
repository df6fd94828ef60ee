"""An installation of many processes under load, and the proof after each fault."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import kafka_broker, postgres
from tests.faults.driver import Driver
from tests.faults.proof import prove
from tests.kafka_broker import Broker
from tests.ledger import Ledger
from tests.postgres import Cluster
from tests.system.replicas import Replicas, a_broker, a_cluster, replicated

MARKS = [
    pytest.mark.nightly,
    pytest.mark.timeout(3_600),
    pytest.mark.skipif(not kafka_broker.can_run(), reason=kafka_broker.MISSING),
    pytest.mark.skipif(postgres.binaries() is None, reason=postgres.MISSING),
]

NUMBERED = ("ingest", "crm", "insights")
"""The services that the audit compares."""

SEED = 20_261_126


@dataclass
class Installation:
    system: Replicas
    broker: Broker
    cluster: Cluster
    ledger: Ledger
    driver: Driver

    @contextmanager
    def under_load(self) -> Iterator[Driver]:
        """Senders that never stop; at the end nothing is lost, doubled or swapped."""
        self.driver.start()
        try:
            yield self.driver
        finally:
            self.driver.stop()
        prove(self.system, self.ledger)

    @contextmanager
    def unharmed(self) -> Iterator[None]:
        """While the senders go on, none of them is refused or waits for longer than a second. What
        the machine itself makes of a second is seen beforehand: where an answer takes half of one
        anyway, time is compared with that, and nothing is said of refusals."""
        time.sleep(15)
        usual, self.driver.slowest = self.driver.slowest, 0.0
        yield
        refused, slowest = self.driver.refused, self.driver.slowest
        print(f"the slowest answer took {usual:.3f} s before and {slowest:.3f} s meanwhile")
        assert slowest <= max(1.0, 3 * usual)
        assert refused == 0 or usual > 0.5


@contextmanager
def an_installation(
    folder: Path, *, apis: int, workers: int, services: Sequence[str]
) -> Iterator[Installation]:
    with (
        a_broker(folder) as broker,
        a_cluster() as cluster,
        replicated(
            folder, broker.url, cluster, apis=apis, workers=workers, services=services
        ) as system,
    ):
        yield loaded(system, broker, cluster)


def loaded(system: Replicas, broker: Broker, cluster: Cluster) -> Installation:
    ledger = Ledger(system.data.parent / "ledger.jsonl")
    driver = Driver(system, ledger, seed=SEED, pause=0.05)
    driver.set_up()
    return Installation(system, broker, cluster, ledger, driver)
