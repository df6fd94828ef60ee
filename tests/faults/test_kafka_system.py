"""The whole system on a real Kafka broker: what the broker suffers, no number shows."""

import shutil
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests import kafka_broker
from tests.faults.driver import Driver
from tests.faults.proof import prove
from tests.ledger import Ledger
from tests.system.running import SERVICES, System, a_system, event_body, signed

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.timeout(1_800),
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
    driver = Driver(system, ledger, seed=seed, pause=0.03)
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


class Serving:
    """Every service in a process and with a data directory of its own; one set of keys."""

    def __init__(self, folder: Path, bus_url: str) -> None:
        self.systems: dict[str, System] = {}
        for name in SERVICES:
            system = System(folder / name, MEDIAOPS_BUS_URL=bus_url)
            system.environment["MEDIAOPS_DATA"] = str(system.data)
            system.environment["MEDIAOPS_HTTP_PORT"] = str(system.port)
            self.systems[name] = system

    def start(self) -> None:
        for name, system in self.systems.items():
            if name != "ingest":
                shutil.copytree(self.systems["ingest"].data / "keys", system.data / "keys")
            system.start_one(name)

    def stop(self) -> list[int]:
        return [system.stop() for system in self.systems.values()]

    def kill(self) -> None:
        for system in self.systems.values():
            system.kill()
            system.http.close()

    def settle(self, seconds: float = 600.0) -> None:
        operator = {"workspace": "*", "role": "operator"}
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            lags = [s.ask(f"/{n}/v1/admin/lag", **operator) for n, s in self.systems.items()]
            if sum(lag["in_flight"] + lag["pending"] + lag["stalls"] for lag in lags) == 0:
                return
            time.sleep(0.2)
        raise AssertionError(f"still waiting: {lags}")


@pytest.mark.nightly
def test_services_in_processes_of_their_own_pass_a_webhook_on_to_the_numbers(tmp_path) -> None:
    with a_broker(tmp_path) as broker:
        serving = Serving(tmp_path, broker.url)
        try:
            serving.start()
            ingest, crm, insights = (serving.systems[n] for n in ("ingest", "crm", "insights"))
            body = {"slug": "one", "name": "One", "timezone": "Asia/Shanghai"}
            made = ingest.call(
                "POST", "/ingest/v1/workspaces", body, workspace="*", role="operator"
            )
            assert made.status_code == 201, made.text
            source = ingest.add_source(ingest.add_channel("one"), "one")
            now = datetime.now(UTC)
            for number in range(40):
                text = event_body("comment.created", f"actor-{number % 10}", now)
                headers = signed(source["secrets"]["secret"], f"message-{number}", text)
                answer = ingest.http.post(source["hook_url"], content=text, headers=headers)
                assert answer.status_code == 202, answer.text
            serving.settle()
            day = str((now + timedelta(hours=8)).date())
            days = {"from": day, "to": day}
            people = crm.ask("/crm/v1/stickiness", workspace="one", params=days)["items"]
            assert [row["dau"] for row in people] == [10]
            params = {"metric": "activities", "granularity": "day", **days}
            asked = insights.ask("/insights/v1/metrics/query", workspace="one", params=params)
            assert [row["value"] for row in asked["items"]] == [40]
            assert serving.stop() == [0, 0, 0, 0]
        finally:
            serving.kill()
