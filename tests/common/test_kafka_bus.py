"""The bus on a real Kafka broker passes the contract of every bus."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import KafkaError
from aiokafka.structs import BrokerMetadata, TopicPartition
from mediaops_common.bus import open_bus
from mediaops_common.bus.kafka.bus import KafkaBus
from mediaops_common.bus.kafka.clients import buffered
from mediaops_common.bus.kafka.consumer import KafkaConsumer, Quiet
from mediaops_common.bus.port import LARGEST_VALUE, BusUnavailable
from mediaops_common.settings import BusSettings
from mediaops_common.streams import publish_in_order

from tests.common.bus_contract import BusContract, a_record, from_start
from tests.kafka_broker import NAME, PASSWORD

pytestmark = pytest.mark.slow


class TestKafkaBus(BusContract):
    @pytest.fixture
    async def bus(self, kafka):
        # Topics and groups of this test's own: the broker serves all of them.
        self.url = f"{kafka.url}?prefix={uuid4().hex}."
        bus = await open_bus(self.url)
        self.open_buses = [bus]
        yield bus
        for one in self.open_buses:
            await one.close()

    @pytest.fixture
    def reopened(self, bus):
        async def reopen():
            await bus.close()
            again = await open_bus(self.url)
            self.open_buses = [again]
            return again

        return reopen

    @pytest.fixture
    def trimmed(self, bus, kafka):
        async def trim(topic: str, partition: int) -> None:
            (bounds,) = await bus.bounds([(topic, partition)])
            place = TopicPartition(self.url.partition("=")[2] + topic, partition)
            admin = AIOKafkaAdminClient(bootstrap_servers=f"127.0.0.1:{kafka.port}")
            await admin.start()
            await admin.delete_records({place: RecordsToDelete(bounds.end)})
            await admin.close()

        return trim


async def test_a_topic_of_which_a_broker_has_not_heard_yet_is_asked_for_again(kafka) -> None:
    bus = await open_bus(kafka.url)
    topic = uuid4().hex
    asked = asyncio.create_task(bus.retention_days(topic))
    await asyncio.sleep(0.5)
    assert not asked.done()
    await bus.topic(topic, partitions=1)
    assert await asked == 7
    await bus.close()


async def test_a_broker_that_has_gone_is_passed_over_while_another_answers(kafka) -> None:
    bus = await open_bus(kafka.url)
    topic = uuid4().hex
    await bus.topic(topic, partitions=1)
    with socket.socket() as gone:
        gone.bind(("127.0.0.1", 0))  # and nobody listens there
        for number in range(1_000, 1_009):
            cluster = (await bus._control._connected()).cluster
            cluster._brokers[number] = BrokerMetadata(number, *gone.getsockname(), None)
            assert await bus._control.describe([topic])
        kept = cluster._brokers
        cluster._brokers = {node: kept[node] for node in kept if node >= 1_000}
        with pytest.raises(KafkaError, match="no broker"):
            await bus._control.describe([topic])
    assert await bus._control.describe([topic]), "it begins anew at the addresses it was given"
    await bus.close()


def secure(kafka, **changes):
    given = {
        "security": "SASL_SSL",
        "username": NAME,
        "password": PASSWORD,
        "ca_file": kafka.ca_file,
    }
    return BusSettings(**(given | changes))


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
async def test_publishes_and_reads_over_tls_with_a_password(kafka, mechanism) -> None:
    settings = secure(kafka, sasl_mechanism=mechanism, partitions=1)
    bus = await open_bus(kafka.secure_url, settings)
    topic = uuid4().hex
    await bus.publish(topic, 0, [a_record(1)])
    assert [r.seq for r in await BusContract().read(bus, topic, 1, group=topic)] == [1]
    await bus.close()


def test_topics_tells_what_was_made_otherwise(kafka) -> None:
    url = f"{kafka.url}?prefix={uuid4().hex}."

    def topics(**settings: str) -> subprocess.CompletedProcess[str]:
        command = [Path(sys.executable).parent / "mediaops", "topics", "--bus-url", url]
        given = os.environ | {f"MEDIAOPS_BUS_{name}": value for name, value in settings.items()}
        return subprocess.run(command, env=given, capture_output=True, text=True, check=True)

    made = topics(PARTITIONS="2", RETENTION_DAYS="3.5")
    assert not made.stderr
    assert topics(PARTITIONS="2", RETENTION_DAYS="3.5").stdout == made.stdout
    told = topics(PARTITIONS="4", RETENTION_DAYS="7")
    assert told.stdout == made.stdout
    assert "mediaops.activity has 2 partitions, not 4" in told.stderr
    assert "mediaops.activity keeps records for 3.5 days, not for 7 days" in told.stderr


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"password": "guessed"}, "Authentication failed"),
        ({"ca_file": None}, "CERTIFICATE_VERIFY_FAILED"),
        ({"ca_file": Path("/no/such/file")}, "No such file"),
        ({"security": "PLAINTEXT"}, "closed"),
    ],
    ids=str,
)
async def test_neither_side_is_taken_at_its_word(kafka, changes, told) -> None:
    bus = KafkaBus(kafka.secure_url.partition("://")[2], secure(kafka, **changes))
    await bus.open()
    assert bus.trouble is not None
    assert told in bus.trouble
    assert "guessed" not in bus.trouble
    with pytest.raises(BusUnavailable):
        await bus.topic("mediaops.activity")
    await bus.close()


async def test_an_event_that_no_broker_takes_goes_out_as_its_number(kafka) -> None:
    bus = await open_bus(f"{kafka.url}?partitions=1")
    topic = uuid4().hex
    values = [os.urandom(LARGEST_VALUE), os.urandom(LARGEST_VALUE + 1), b"small"]
    records = [a_record(n, value=value) for n, value in enumerate(values, 1)]
    await publish_in_order(bus, [(topic, record) for record in records])
    read = await BusContract().read(bus, topic, 3, group=topic)
    assert [(r.seq, r.kind) for r in read] == [(1, "event"), (2, "void"), (3, "event")]
    assert [r.value for r in read] == [values[0], b"", b"small"]
    await bus.close()


@pytest.fixture
def later(monkeypatch):
    """Lets so many seconds pass for consumers at once."""
    passed = 0.0

    def let_pass(seconds: float) -> None:
        nonlocal passed
        passed += seconds

    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + passed)
    monkeypatch.setattr("mediaops_common.bus.kafka.consumer.time", clock)
    return let_pass


async def test_partitions_whose_records_wait_in_the_process_are_not_quiet(kafka, later) -> None:
    bus = await open_bus(kafka.url)
    topic = uuid4().hex
    await bus.topic(topic, partitions=4)
    for partition in range(4):
        await bus.publish(topic, partition, [a_record(n) for n in range(50)])
    consumer = await bus.consumer(topic, [topic], from_start)
    async with asyncio.timeout(240):
        while not await consumer.poll(1, 0.2):
            pass
        while len(buffered(consumer._member)) < 4:  # noqa: ASYNC110 - the client is no event
            await asyncio.sleep(0.02)
    read = set()
    for _ in range(40):
        later(1.0)
        read |= {chunk.partition for chunk in await consumer.poll(1, 0.2)}
    assert len(read) == 1, "the others waited all the while"
    await consumer.close()
    await bus.close()


def test_a_hole_of_a_log_is_passed_once_it_was_located() -> None:
    consumer, tp = KafkaConsumer(None, "g", ["t"], from_start, None), TopicPartition("t", 0)
    passed = []
    for came in (9, 9, 3, 3):
        consumer._offsets[tp] = 5
        passed.append(consumer._follows(tp, came))
    assert passed == [False, True, False, False], "what lies before is never what comes next"


def test_only_time_in_which_it_was_asked_makes_a_partition_quiet(later) -> None:
    consumer = KafkaConsumer(None, "g", ["t"], from_start, None)
    consumer._member = SimpleNamespace(
        last_poll_timestamp=lambda _: 1, _fetcher=SimpleNamespace(_records={})
    )
    consumer._offsets[TopicPartition("t", 0)] = 0
    consumer._mind_progress({})
    for _ in range(5):
        later(1_000.0)  # a batch that took so long to apply, or a machine that slept
        consumer._mind_progress({})
    with pytest.raises(Quiet, match="no answer about t 0"):  # noqa: PT012 - not by the first
        for _ in range(30):
            later(1.0)
            consumer._mind_progress({})
