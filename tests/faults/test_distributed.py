"""Brokers and databases that fail under the load of many processes."""

import asyncio
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from tests.faults.installation import MARKS, NUMBERED, Installation, an_installation
from tests.kafka_broker import Broker
from tests.system.replicas import Replicas, until

pytestmark = MARKS

OPERATOR = {"workspace": "*", "role": "operator"}


@pytest.fixture(scope="module")
def installation(tmp_path_factory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("distributed")
    with an_installation(folder, apis=1, workers=2, services=NUMBERED) as made:
        yield made


def test_a_broker_that_is_away_for_a_minute_refuses_no_webhook(installation) -> None:
    system = installation.system
    with installation.under_load() as driver:
        with installation.unharmed():
            installation.broker.kill()
            sent = driver.sent
            time.sleep(60)
            assert driver.sent > sent
        for worker in system.of("crm", "worker"):
            until(lambda of=worker: of.ready().status_code == 503)
        until(lambda: system.call("GET", "/crm/v1/admin/lag", **OPERATOR).status_code == 503)
        lag = system.call("GET", "/crm/v1/admin/lag", **OPERATOR)
        assert (lag.status_code, int(lag.headers["Retry-After"]) > 0) == (503, True)
        installation.broker.start()
        time.sleep(5)


def test_a_frozen_broker_is_waited_for(installation) -> None:
    with installation.under_load(), installation.unharmed():
        installation.broker.freeze()
        time.sleep(30)
        installation.broker.thaw()
        time.sleep(5)


def test_a_killed_database_is_waited_for_and_found_again(installation) -> None:
    before = [(p.running and p.running.pid) for p in installation.system.processes]
    with installation.under_load() as driver:
        time.sleep(3)
        installation.cluster.stop(signal.SIGKILL)
        until(lambda: driver.refused > 0)  # 503, with Retry-After
        time.sleep(10)
        installation.cluster.start()
        time.sleep(5)
    for process in installation.system.processes:
        until(process.is_live)
    assert before == [(p.running and p.running.pid) for p in installation.system.processes]


def test_a_lost_tail_is_found_by_the_audit_and_healed_by_a_republish(installation) -> None:
    """What the broker acknowledged and lost with its page cache."""
    system, broker = installation.system, installation.broker
    started = datetime.now(UTC) - timedelta(minutes=1)
    with installation.under_load() as driver:
        time.sleep(3)
        for worker in system.of("crm", "worker"):
            system.take_away(worker)
        time.sleep(10)
        driver.stop()
        until(lambda: in_flight(system, "ingest") == 0)
        for worker in system.of("ingest", "worker"):  # so that nobody heals it by himself
            system.take_away(worker)
        lose_the_tail(broker, "mediaops.activity")
        system.add("crm", "worker", 2)
        system.wait()
        until(lambda: in_flight(system, "crm") == 0)
        assert system.audit()["in_flight"] > 0, "numbered, not applied, and not on the bus"
        token = system.token("*", "operator")
        since = started.isoformat().replace("+00:00", "Z")
        (api,) = system.of("ingest", "api")
        command = ["ingest", "republish", "--since", since, "--url", api.url, "--token", token]
        assert "shards go back" in system.printed(*command)
        system.add("ingest", "worker", 2)
        system.wait()


def in_flight(system: Replicas, service: str) -> int | None:
    """What is on the bus and not dealt with, or not on the bus; None while it cannot be asked."""
    answer = system.call("GET", f"/{service}/v1/admin/lag", **OPERATOR)
    return answer.json()["in_flight"] if answer.status_code == 200 else None


def lose_the_tail(broker: Broker, topic: str) -> None:
    """Cuts off half of the newest segment of each partition of a broker that was killed."""
    broker.kill()
    for partition in range(8):
        segment = broker.segments(topic, partition)[-1]
        with segment.open("r+b") as file:
            file.truncate(segment.stat().st_size // 2)
        for snapshot in segment.parent.glob("*.snapshot"):
            snapshot.unlink()
    broker.start()


def test_a_service_comes_up_from_nothing_on_an_empty_bus(installation) -> None:
    """A database and a log that have nothing: the owners publish all of it again."""
    system, cluster = installation.system, installation.cluster
    with installation.under_load():
        time.sleep(3)
        crm = system.of("crm", "api") + system.of("crm", "worker")
        for process in crm:
            system.take_away(process)
        asyncio.run(cluster.execute(f"DROP DATABASE {system.database('crm')} WITH (FORCE)"))
        asyncio.run(cluster.create(system.database("crm")))
        asyncio.run(empty(installation.broker, "mediaops.activity", "mediaops.channel"))
        system.add("crm", "api")
        system.add("crm", "worker", 2)
        system.wait()
        token = system.token("*", "operator")
        (api,) = system.of("ingest", "api")
        since = ["--since", "2020-01-01T00:00:00Z"]
        system.printed("ingest", "republish", *since, "--url", api.url, "--token", token)


async def empty(broker: Broker, *topics: str) -> None:
    """As retention does it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=f"127.0.0.1:{broker.port}")
    await admin.start()
    try:
        places = [TopicPartition(topic, n) for topic in topics for n in range(8)]
        await admin.delete_records({place: RecordsToDelete(-1) for place in places})
    finally:
        await admin.close()
