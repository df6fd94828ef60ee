"""Requests beside writing and reading: topics, their identity, the bounds of their logs."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    KafkaError,
    NodeNotReadyError,
    NoError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.admin import (
    CreateTopicsRequest,
    DeleteTopicsRequest,
    DescribeConfigsRequest,
)
from aiokafka.protocol.offset import OffsetRequest

from mediaops_common.bus.kafka.clients import LARGEST_BATCH, REQUEST_SECONDS, Endpoint
from mediaops_common.bus.kafka.describing import Describe
from mediaops_common.bus.port import LogBounds, Place

__all__ = ["Control", "Description"]

RETENTION, DAY_MS = "retention.ms", 86_400_000

SEGMENT_SECONDS = 86_400
"""Retention drops whole segments; so nothing is kept longer than a day past it."""
EARLIEST, LATEST = -2, -1
"""What a request for offsets asks for: the first one kept, or the next one written."""
TOPIC_RESOURCE = 2


class Description(NamedTuple):
    """A topic as the cluster knows it now."""

    cluster_id: str
    topic_id: str
    leaders: tuple[int, ...]
    """The broker that leads each partition; -1 while there is none."""


class Control:
    """Requests beside reading and writing: topics, their identity, the bounds of their logs."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._client: Any = None
        self._opening = asyncio.Lock()

    async def _connected(self) -> Any:
        async with self._opening:
            if self._client is None:
                client = AIOKafkaClient(
                    **self._endpoint.options(), request_timeout_ms=int(REQUEST_SECONDS * 1000)
                )
                try:
                    await client.bootstrap()
                except BaseException:
                    await client.close()
                    raise
                self._client = client
            return self._client

    async def _send(self, request: Any, node: int | None = None) -> Any:
        client = await self._connected()
        try:
            return await client.send(await _somebody(client) if node is None else node, request)
        except KafkaError:
            # The next one begins at the configured addresses: the brokers may be others now.
            if self._client is client:
                self._client = None
            await client.close()
            raise

    async def describe(self, names: Sequence[str]) -> dict[str, Description]:
        """Those of the topics that are there."""
        answer = await self._send(Describe(names))
        found = {}
        for error, name, topic_id, _, partitions, *_ in answer.topics:
            if for_code(error) is NoError:
                leaders = {partition: leader for _, partition, leader, *_ in partitions}
                found[name] = Description(
                    answer.cluster_id, topic_id.hex(), tuple(leaders[p] for p in sorted(leaders))
                )
            elif for_code(error) is not UnknownTopicOrPartitionError:
                raise for_code(error)(name)
        return found

    async def create(self, name: str, partitions: int) -> None:
        """Makes the topic, unless it is there."""
        settings = self._endpoint.settings
        configuration = {
            "cleanup.policy": "delete",
            RETENTION: str(int(settings.retention_days * DAY_MS)),
            "segment.ms": str(SEGMENT_SECONDS * 1000),
            "max.message.bytes": str(LARGEST_BATCH),
            "min.insync.replicas": str(settings.min_insync),
            "unclean.leader.election.enable": "false",
        }
        options = list(configuration.items())
        wanted: Any = (name, partitions, settings.replication, [], options)
        answer = await self._send(CreateTopicsRequest([wanted], int(REQUEST_SECONDS * 1000), False))
        for _, code, message in answer.topic_errors:
            error = for_code(code)
            if error not in (NoError, TopicAlreadyExistsError):
                raise error(f"{name} cannot be made: {message}")

    async def retention_days(self, name: str) -> float | None:
        """How long the topic, which is there, keeps its records; None for ever."""
        wanted = (TOPIC_RESOURCE, name, [RETENTION])
        async with asyncio.timeout(REQUEST_SECONDS):
            while True:
                answer = await self._send(DescribeConfigsRequest([wanted], False))
                ((code, message, _, _, entries),) = answer.resources
                if for_code(code) is not UnknownTopicOrPartitionError:
                    break
                await asyncio.sleep(0.02)  # each broker hears of a new topic in its own time
        if for_code(code) is not NoError:
            raise for_code(code)(f"{name}: {message}")
        ((_, kept, *_),) = entries
        return int(kept) / DAY_MS if int(kept) >= 0 else None

    async def delete(self, name: str) -> None:
        """Removes the topic; returns when it is gone."""
        answer = await self._send(DeleteTopicsRequest([name], int(REQUEST_SECONDS * 1000)))
        for _, code in answer.topic_error_codes:
            error = for_code(code)
            if error not in (NoError, UnknownTopicOrPartitionError):
                raise error(name)
        async with asyncio.timeout(REQUEST_SECONDS):
            while await self.describe([name]):  # noqa: ASYNC110 - the other side is no event
                await asyncio.sleep(0.02)

    async def bounds(self, leaders: Mapping[Place, int]) -> dict[Place, LogBounds]:
        """Of partitions, each with its leader. A broker answers the requests of a connection one
        after the other, so it is asked twice in all and not for each of them."""
        led: dict[int, list[Place]] = {}
        for place, leader in leaders.items():
            led.setdefault(leader, []).append(place)
        found: dict[Place, LogBounds] = {}
        for leader, places in led.items():
            starts = await self._offsets(places, leader, EARLIEST)
            ends = await self._offsets(places, leader, LATEST)
            found |= {place: LogBounds(starts[place], ends[place]) for place in places}
        return found

    async def _offsets(self, places: Sequence[Place], leader: int, which: int) -> dict[Place, int]:
        topics: dict[str, list[tuple[int, int]]] = {}
        for topic, partition in places:
            topics.setdefault(topic, []).append((partition, which))
        answer = await self._send(OffsetRequest(-1, 0, list(topics.items())), leader)
        found = {}
        for topic, partitions in answer.topics:
            for partition, code, _, offset in partitions:
                if for_code(code) is not NoError:
                    raise for_code(code)(f"{topic} {partition}")
                found[topic, partition] = int(offset)
        return found

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()


async def _somebody(client: Any) -> int:
    """A broker that can be reached: where one of several has gone, the others know as much."""
    nodes: list[int] = [broker.nodeId for broker in client.cluster.brokers()]
    for node in random.sample(nodes, len(nodes)):
        if await client.ready(node):
            return node
    raise NodeNotReadyError("no broker of the cluster can be reached")
