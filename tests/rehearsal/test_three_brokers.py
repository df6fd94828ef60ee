"""The profile `three-brokers`: three copies, two of them before an answer, one broker to lose."""

import asyncio
import contextlib
import os
import subprocess

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError
from mediaops_common.bus.open import open_bus
from mediaops_common.bus.port import Bus, BusUnavailable, Record
from mediaops_common.cli.init_env import init_env
from mediaops_common.events.base import Topic

from tests.rehearsal.composed import ROOT
from tests.rehearsal.programs import missing
from tests.rehearsal.stack import Stack

BROKERS = {"kafka", "kafka-2", "kafka-3"}


def test_a_broker_that_is_no_voter_says_what_is_missing() -> None:
    """The profile beside the .env of one broker."""
    environment = {"KAFKA_HOST": "kafka-2", "KAFKA_VOTERS": "1@kafka:9093", "PATH": os.defpath}
    done = subprocess.run(
        ["sh", ROOT / "deploy/kafka/start.sh"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "mediaops init-env --brokers 3" in done.stderr


async def publish(bus: Bus, partition: int) -> None:
    """As a relay does: it begins anew after an error, until another broker leads."""
    async with asyncio.timeout(600):
        while True:
            with contextlib.suppress(KafkaError, TimeoutError, BusUnavailable):
                await bus.publish(
                    Topic.activity, partition, [Record(b"k", b"v", "ingest", 0, 0, 1)]
                )
                (bounds,) = await bus.bounds([(Topic.activity, partition)])
                assert bounds.end >= 1
                return
            await asyncio.sleep(0.5)


@pytest.mark.nightly
@pytest.mark.timeout(2_400)
@pytest.mark.skipif(missing() is not None, reason=str(missing()))
async def test_three_brokers_go_on_when_one_is_killed(tmp_path) -> None:
    init_env(tmp_path, brokers=3)
    stack = Stack(tmp_path, "three-brokers")
    print(stack.printed)
    try:
        stack.start(BROKERS | {"topics"})
        addresses = [f"{stack.table.addresses[name]}:{stack.ports[9092]}" for name in BROKERS]
        admin = AIOKafkaAdminClient(bootstrap_servers=addresses)
        await admin.start()
        described = await admin.describe_topics([str(topic) for topic in Topic])
        named = [ConfigResource(ConfigResourceType.TOPIC, str(topic)) for topic in Topic]
        settings = [
            resource for r in await admin.describe_configs(named) for resource in r.resources
        ]
        await admin.close()
        copies = {len(p["replicas"]) for topic in described for p in topic["partitions"]}
        assert (len(described), copies) == (len(Topic), {3})
        least = {
            entry[1]
            for found in settings
            for entry in found[4]
            if entry[0] == "min.insync.replicas"
        }
        assert least == {"2"}
        stack.kill("kafka-2")
        bus = await open_bus(f"kafka://{','.join(addresses)}?replication=3&min_insync=2")
        try:
            for partition in range((await bus.topic(Topic.activity)).partitions):
                await publish(bus, partition)
        finally:
            await bus.close()
        stack.start({"kafka-2"})
    finally:
        stack.close()
