"""The whole system on PostgreSQL, under load, while the process and the server are killed."""

import random
import signal
import time

import pytest

from tests.faults.driver import Driver
from tests.faults.proof import prove
from tests.faults.test_kill import SEED
from tests.ledger import Ledger
from tests.postgres import MISSING, Cluster, binaries
from tests.system.running import a_system, new_databases

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(binaries() is None, reason=MISSING),
]


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(3, marks=pytest.mark.slow),
        pytest.param(30, marks=(pytest.mark.nightly, pytest.mark.timeout(3_600))),
    ],
)
def test_kills_of_the_process_and_of_the_server_lose_nothing(tmp_path, kills) -> None:
    chance = random.Random(SEED)
    cluster = Cluster()
    try:
        with a_system(tmp_path, **new_databases(cluster)) as system:
            ledger = Ledger(tmp_path / "ledger.jsonl")
            driver = Driver(system, ledger, seed=SEED)
            driver.set_up()
            driver.start()
            try:
                for turn in range(kills):
                    time.sleep(chance.uniform(0.5, 2.0))
                    if turn % 3 != 1:
                        cluster.stop(signal.SIGKILL if turn % 3 else signal.SIGQUIT)
                        time.sleep(chance.uniform(0.1, 1.5))
                    if turn % 3 != 0:
                        system.kill()
                    cluster.start()
                    if turn % 3 != 0:
                        system.start()
            finally:
                driver.stop()
            assert driver.sent > kills * 10
            prove(system, ledger)
    finally:
        cluster.remove()
