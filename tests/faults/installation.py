"""An installation of many processes under load, and the proof after each fault."""

import asyncio
import os
import random
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocol

from tests import kafka_broker, postgres
from tests.faults import order
from tests.faults.driver import Driver
from tests.faults.order import Succession
from tests.faults.proof import prove
from tests.kafka_broker import Broker
from tests.ledger import Ledger
from tests.postgres import Cluster
from tests.system.replicas import Process, Replicas, a_broker, a_cluster, replicated, until

MARKS = [
    pytest.mark.nightly,
    pytest.mark.timeout(3_600),
    pytest.mark.skipif(not kafka_broker.can_run(), reason=kafka_broker.MISSING),
    pytest.mark.skipif(postgres.binaries() is None, reason=postgres.MISSING),
]

NUMBERED = ("ingest", "crm", "insights")
"""The services that the audit compares."""

GROUPS = ("crm.fast", "insights.fast")
"""The consumer groups whose partitions are watched."""

PROBED = "probed"
"""A workspace of single events."""

OFFSETS, OFFSETS_PARTITIONS = "__consumer_offsets", 4

PARTITIONS = 8
SHARDS = 64

OPERATOR = {"workspace": "*", "role": "operator"}

SEED = int(os.environ.get("MEDIAOPS_TEST_SEED", "20261126"))


def chance_of(name: str) -> random.Random:
    """What draws the moments of a test's faults, whatever ran before it; says from what seed."""
    print(f"seed {SEED}")
    return random.Random(f"{SEED} {name}")


@dataclass
class Installation:
    system: Replicas
    brokers: Sequence[Broker]
    cluster: Cluster
    ledger: Ledger
    driver: Driver

    @property
    def broker(self) -> Broker:
        (broker,) = self.brokers
        return broker

    @contextmanager
    def under_load(self) -> Iterator[Driver]:
        """Senders that never stop; at the end nothing is lost, doubled or swapped, and nothing was
        to be seen out of turn meanwhile."""
        succession = Succession(self.system)
        self.driver.start()
        succession.start()
        try:
            yield self.driver
        finally:
            self.driver.stop()
            succession.stop()
        prove(self.system, self.ledger)
        succession.check()

    @contextmanager
    def unharmed(self, within: float = 1.0) -> Iterator[None]:
        """Every request that the senders begin meanwhile is answered within a second, or so many,
        and none is refused. What the machine itself makes of a second is seen beforehand."""
        time.sleep(15)
        usual = self.driver.slowest
        self.driver.count_anew()
        sent = self.driver.sent
        yield
        self.driver.wait_for_each()
        slowest, refused = self.driver.slowest, self.driver.refused
        print(
            f"the slowest of {self.driver.sent - sent} took {slowest:.3f} s, before {usual:.3f} s;"
            f" {refused} refused, {self.driver.unanswered} not answered"
        )
        assert (refused, self.driver.unanswered) == (0, 0)
        assert slowest <= within, f"usual are {usual:.3f} s"

    def counts_soon(self, seconds: float = 120.0) -> None:
        """Returns when insights and crm show what is acknowledged from now on."""
        channel = self.system.add_channel(PROBED)
        started = datetime.now(UTC)
        body = {
            "channel_id": channel,
            "type": "like.created",
            "occurred_at": started.isoformat().replace("+00:00", "Z"),
            "actor": {"external_id": channel},
            "dedup_key": "probe",
        }
        sent = self.system.call("POST", "/ingest/v1/activities", [body], workspace=PROBED)
        assert sent.status_code == 202, sent.text
        days = [str(started.date() + timedelta(days=n)) for n in (-1, 1)]
        question = {"metric": "activities", "granularity": "day", "channel": channel}
        question |= {"from": days[0], "to": days[1]}

        def is_counted() -> bool:
            found = [
                self.system.call("GET", path, workspace=PROBED, params=params)
                for path, params in (
                    ("/insights/v1/metrics/query", question),
                    ("/crm/v1/profiles", {"identity": f"site:{channel}"}),
                )
            ]
            if any(answer.status_code != 200 for answer in found):
                return False
            sums, people = (answer.json()["items"] for answer in found)
            return sum(row["value"] for row in sums) == len(people) == 1

        until(is_counted, seconds)
        took = (datetime.now(UTC) - started).total_seconds()
        print(f"what was acknowledged meanwhile counted after {took:.1f} s")

    def shared(self, group: str) -> list[int]:
        """How many partitions of the activities each member of the group holds."""
        return sorted(asyncio.run(self._shared(group)))

    async def _shared(self, group: str) -> list[int]:
        servers = [f"127.0.0.1:{broker.port}" for broker in self.brokers]
        admin = AIOKafkaAdminClient(bootstrap_servers=servers)
        await admin.start()
        try:
            (answer,) = await admin.describe_consumer_groups([group])
        finally:
            await admin.close()
        held = []
        for member in answer.to_object()["groups"][0]["members"]:
            if member["member_assignment"]:
                decoded = ConsumerProtocol.ASSIGNMENT.decode(member["member_assignment"])
                places = [place for place in decoded.partitions() if "activity" in place.topic]
                held.append(len(places))
        return held

    def generation(self, group: str) -> int:
        """How often its members have shared out the partitions: the coordinator notes the number
        of each time among its offsets."""
        return asyncio.run(_newest_generation(self.broker, group))

    def is_shared_equally(self, workers: int) -> bool:
        """Whether each of so many workers of each service holds as much as every other."""
        shards = [held_shards(worker) for worker in self.system.of("ingest", "worker")]
        spread = [self.shared(group) for group in GROUPS]
        print(f"shards {shards}, partitions {spread}")
        return shards == [SHARDS // workers] * workers and all(
            held == [PARTITIONS // workers] * workers for held in spread
        )


async def _newest_generation(broker: Broker, group: str) -> int:
    consumer = AIOKafkaConsumer(bootstrap_servers=f"127.0.0.1:{broker.port}")
    await consumer.start()
    try:
        places = [TopicPartition(OFFSETS, n) for n in range(OFFSETS_PARTITIONS)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends, newest = await consumer.end_offsets(places), 0
        while any([await consumer.position(place) < ends[place] for place in places]):
            for rows in (await consumer.getmany(timeout_ms=500)).values():
                for row in rows:
                    if row.key == _text(2, group) and row.value is not None:
                        newest = max(newest, _generation(row.value))
        return newest
    finally:
        await consumer.stop()


def _text(version: int, text: str) -> bytes:
    """As Kafka writes a key: a version and a string."""
    return struct.pack(f">hh{len(text)}s", version, len(text), text.encode())


def _generation(value: bytes) -> int:
    """Of what is noted of a group: a version, the kind of its protocol, the generation."""
    (length,) = struct.unpack_from(">h", value, 2)
    return int(struct.unpack_from(">i", value, 4 + length)[0])


def held_shards(worker: Process) -> int:
    (held,) = worker.metric("mediaops_held_shards").values()
    return int(held)


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
        yield loaded(system, [broker], cluster)


def loaded(
    system: Replicas, brokers: Sequence[Broker], cluster: Cluster, *, pause: float = 0.05
) -> Installation:
    """With senders that rest for about `pause` seconds after each request."""
    ledger = Ledger(system.data.parent / "ledger.jsonl")
    driver = Driver(system, ledger, seed=SEED, pause=pause)
    driver.set_up()
    for slug in (order.WORKSPACE, PROBED):
        body = {"slug": slug, "name": slug, "timezone": "Asia/Shanghai"}
        made = system.call("POST", "/ingest/v1/workspaces", body, **OPERATOR)
        assert made.status_code == 201, made.text
    return Installation(system, brokers, cluster, ledger, driver)
