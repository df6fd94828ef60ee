"""Brokers and databases that fail under the load of many processes."""

import asyncio
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from tests.faults.installation import (
    GROUPS,
    MARKS,
    NUMBERED,
    OPERATOR,
    Installation,
    an_installation,
)
from tests.kafka_broker import Broker
from tests.system.replicas import Replicas, until

pytestmark = MARKS


@pytest.fixture(scope="module")
def installation(tmp_path_factory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("distributed")
    with an_installation(folder, apis=1, workers=2, services=NUMBERED) as made:
        yield made


def test_a_broker_that_is_away_for_a_minute_refuses_no_webhook(installation, chance) -> None:
    system = installation.system
    with installation.under_load() as driver:
        time.sleep(chance.uniform(0.0, 5.0))
        with installation.unharmed():
            installation.broker.kill()
            sent, killed = driver.sent, time.monotonic()
            for worker in system.of("crm", "worker"):
                until(lambda of=worker: of.ready().status_code == 503)
            until(lambda: is_refused(system, "/crm/v1/admin/lag", **OPERATOR))
            time.sleep(max(0.0, 60 - (time.monotonic() - killed)))
            assert driver.sent > sent
            installation.broker.start()
            time.sleep(15)
            installation.counts_soon()


def test_a_frozen_broker_is_waited_for(installation, chance) -> None:
    with installation.under_load():
        time.sleep(chance.uniform(0.0, 5.0))
        with installation.unharmed():
            installation.broker.freeze()
            time.sleep(chance.uniform(25.0, 40.0))
            installation.broker.thaw()
            time.sleep(15)
            installation.counts_soon()


WITHOUT_DATABASE_SECONDS = 5.0
"""So soon a sender hears at the latest that it has to come again."""


def test_a_killed_database_is_waited_for_and_found_again(installation, chance) -> None:
    """Every webhook is answered meanwhile: 503, with the Retry-After that the sender looks for."""
    system = installation.system
    before = [(p.running and p.running.pid) for p in system.processes]
    with installation.under_load() as driver:
        time.sleep(chance.uniform(3.0, 8.0))
        driver.count_anew()
        installation.cluster.stop(signal.SIGKILL)
        until(lambda: driver.refused > 0)
        for path in ("/crm/v1/profiles", "/insights/v1/metrics/query?metric=activities"):
            until(lambda path=path: is_refused(system, path, workspace="one"), 10)
        time.sleep(chance.uniform(10.0, 20.0))
        driver.wait_for_each()
        print(
            f"{driver.refused} refused, {driver.unanswered} not answered, the slowest answer took"
            f" {driver.slowest:.3f} s"
        )
        assert driver.unanswered == 0
        assert driver.slowest <= WITHOUT_DATABASE_SECONDS
        installation.cluster.start()
        installation.counts_soon()
    for process in system.processes:
        until(process.is_live)
    assert before == [(p.running and p.running.pid) for p in system.processes]


def is_refused(system: Replicas, path: str, workspace: str, role: str = "owner") -> bool:
    """Whether it is answered 503, and when to come again."""
    bearer = {"Authorization": f"Bearer {system.token(workspace, role)}"}
    with system.client(timeout=60, headers=bearer) as client:
        answer = client.get(path)
    return answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0


def test_a_lost_tail_is_found_by_the_audit_and_healed_by_a_republish(installation, chance) -> None:
    """What the broker acknowledged and lost with its page cache, while webhooks go on coming."""
    system, broker = installation.system, installation.broker
    started = datetime.now(UTC) - timedelta(minutes=1)
    with installation.under_load() as driver:
        time.sleep(chance.uniform(3.0, 6.0))
        for worker in system.of("crm", "worker"):
            system.take_away(worker)
        time.sleep(chance.uniform(8.0, 12.0))
        for worker in system.of("ingest", "worker"):  # so that nobody heals it by himself
            system.take_away(worker)
        until(lambda: in_flight(system, "insights") == 0)
        # What they had numbered and not published when they ended is no loss of the broker.
        unpublished = in_flight(system, "ingest")
        assert unpublished is not None
        with installation.unharmed():
            lose_the_tail(broker, "mediaops.activity")
            sent = driver.sent
            system.add("crm", "worker", 2)
            system.wait()
        assert driver.sent > sent
        until(lambda: in_flight(system, "crm") == 0)
        found = system.audit()
        lost = found["in_flight"] - len(GROUPS) * unpublished
        print(f"{unpublished} not published, and the audit misses {lost}")
        assert lost > 0, "numbered, not applied, and not on the bus"
        assert found["residual"] == 0
        token = system.token("*", "operator")
        since = started.isoformat().replace("+00:00", "Z")
        (api,) = system.of("ingest", "api")
        command = ["ingest", "republish", "--since", since, "--url", api.url, "--token", token]
        assert "shards go back" in system.printed(*command)
        again = in_flight(system, "ingest")
        print(f"{again} are published again")
        assert again is not None
        assert again >= unpublished + lost, "the relay has gone back behind what was lost"
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


def test_a_service_comes_up_from_nothing_on_an_empty_bus(installation, chance) -> None:
    """A database and a log that have nothing: the owners publish all of it again."""
    system, cluster = installation.system, installation.cluster
    with installation.under_load():
        time.sleep(chance.uniform(3.0, 6.0))
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
