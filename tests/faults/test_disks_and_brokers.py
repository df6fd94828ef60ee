"""A database or a broker whose disk is full, and three brokers of which one dies."""

import asyncio
import contextlib
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from mediaops_common.bus.open import open_bus
from mediaops_common.events.base import Topic

from tests.faults.installation import MARKS, NUMBERED, loaded
from tests.kafka_broker import Broker, classpath, three_brokers
from tests.system.replicas import a_broker, a_cluster, replicated, until

pytestmark = MARKS

DISK_BYTES = 300 << 20


@contextmanager
def a_small_disk() -> Iterator[Path]:
    """A file system of its own in memory, which the server's user can enter; where this process may
    not mount one, the test is skipped."""
    folder = Path(tempfile.mkdtemp(prefix="mediaops-disk-"))
    options = ["-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=755", "tmpfs"]
    done = subprocess.run(["mount", *options, folder], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        folder.rmdir()
        pytest.skip(f"A full disk was left out: run as root ({done.stderr.strip()})")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
        folder.rmdir()


def fill(disk: Path) -> Path:
    """Takes all the room that is left."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1 << 20))
    with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return ballast


def test_a_full_disk_of_the_database_refuses_and_heals(tmp_path, chance) -> None:
    with (
        a_small_disk() as disk,
        a_broker(tmp_path) as broker,
        a_cluster(disk) as cluster,
        replicated(tmp_path, broker.url, cluster, services=NUMBERED) as system,
    ):
        installation = loaded(system, [broker], cluster)
        with installation.under_load() as driver:
            time.sleep(chance.uniform(2.0, 6.0))
            ballast = fill(disk)
            until(lambda: driver.refused > 0)
            time.sleep(chance.uniform(10.0, 20.0))
            os.unlink(ballast)
            # A server that could not write its log has ended itself; whoever runs it starts it.
            cluster.restart_if_ended()
            installation.counts_soon()
            print(f"{driver.refused} refused, {driver.unanswered} not answered")
        for process in system.processes:
            until(process.is_live)


def test_a_full_disk_of_the_broker_refuses_nobody_and_heals(tmp_path) -> None:
    with (
        a_small_disk() as disk,
        a_broker(tmp_path, disk) as broker,
        a_cluster() as cluster,
        replicated(tmp_path, broker.url, cluster, services=NUMBERED) as system,
    ):
        installation = loaded(system, [broker], cluster)
        with installation.under_load(), installation.unharmed():
            ballast = fill(disk)
            until(broker.has_ended)
            assert "all log dirs in" in broker.output()
            time.sleep(15)
            broker.launch()  # as compose does: there is no room yet
            until(broker.has_ended)
            os.unlink(ballast)
            broker.start()
            time.sleep(15)
        for process in system.processes:
            until(process.is_live)


async def test_the_guide_lets_a_broker_keep_less(tmp_path) -> None:
    """Its own line, with the program that the script starts."""
    guide = Path(__file__).parents[2] / "docs/guides/disk-full.md"
    typed = r"^docker compose exec .* kafka /opt/kafka/bin/kafka-configs\.sh (.+)$"
    (options,) = re.findall(typed, guide.read_text(), re.M)
    with a_broker(tmp_path) as broker:
        bus = await open_bus(broker.url)
        try:
            await bus.topic(Topic.activity)  # which makes it
            assert await bus.retention_days(Topic.activity) == 7
            options = options.replace("kafka:9092", f"127.0.0.1:{broker.port}")
            tool = ["java", "-cp", classpath(), "kafka.admin.ConfigCommand", *options.split()]
            await asyncio.to_thread(subprocess.run, tool, check=True, capture_output=True)
            assert await bus.retention_days(Topic.activity) == 1
        finally:
            await bus.close()


def test_one_of_three_brokers_dies_and_comes_back(tmp_path, chance) -> None:
    brokers = three_brokers(tmp_path)
    try:
        for broker in brokers:
            broker.launch()
        for broker in brokers:
            broker.wait()
        servers = ",".join(f"127.0.0.1:{broker.port}" for broker in brokers)
        url = f"kafka://{servers}?replication=3&min_insync=2"
        with (
            a_cluster() as cluster,
            replicated(tmp_path, url, cluster, services=NUMBERED) as system,
        ):
            # Three brokers beside everything else leave less of two cores for the senders.
            installation = loaded(system, brokers, cluster, pause=0.2)
            with installation.under_load(), installation.unharmed():
                for broker in chance.sample(brokers, 2):
                    until(lambda: has_every_copy(brokers), 120)
                    time.sleep(chance.uniform(1.0, 8.0))
                    broker.kill()
                    installation.counts_soon()
                    time.sleep(chance.uniform(5.0, 20.0))
                    assert not has_every_copy([one for one in brokers if one is not broker])
                    installation.counts_soon()
                    broker.start()
                until(lambda: has_every_copy(brokers), 120)
    finally:
        for broker in brokers:
            broker.kill()


def has_every_copy(brokers: Sequence[Broker]) -> bool:
    """Whether three brokers are in sync of each partition, those of the groups too."""
    return asyncio.run(_copies(brokers)) == {3}


async def _copies(brokers: Sequence[Broker]) -> set[int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=[f"127.0.0.1:{one.port}" for one in brokers])
    await admin.start()
    try:
        topics = await admin.describe_topics()
    finally:
        await admin.close()
    copies = {len(place["isr"]) for topic in topics for place in topic["partitions"]}
    assert copies
    return copies
