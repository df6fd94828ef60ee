"""What this system uses of aiokafka, with settings that are safe; no other file imports it."""

import asyncio
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    KafkaError,
    NoError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.admin import CreateTopicsRequest, DeleteTopicsRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from mediaops_common.bus.kafka_log import tell_seldom
from mediaops_common.bus.port import LogBounds, Place
from mediaops_common.settings import BusSettings

__all__ = [
    "Control",
    "Description",
    "Endpoint",
    "KafkaError",
    "abandon",
    "join_group",
    "leave",
    "start_producer",
]

tell_seldom("aiokafka")

REQUEST_SECONDS = 10.0
SESSION_SECONDS = 10.0
"""A member that is silent for so long has lost its partitions."""
METADATA_SECONDS = 5.0
"""New partitions and leaders are seen after so long at the latest."""
BATCH_BYTES = 256 * 1024
"""Of one batch before compression: it is built and compressed in a few milliseconds."""
LARGEST_BATCH = 16 * 1024 * 1024
"""The largest that a broker takes: one event, as large as the door lets it in."""
SEGMENT_SECONDS = 86_400
"""Retention drops whole segments; so nothing is kept longer than a day past it."""

OnChange = Callable[[], None]


class Endpoint:
    """Where the brokers are, and how a client proves itself to them."""

    def __init__(self, servers: str, settings: BusSettings) -> None:
        self.servers = servers
        self.settings = settings

    def options(self) -> dict[str, Any]:
        settings = self.settings
        options: dict[str, Any] = {
            "bootstrap_servers": self.servers,
            "client_id": "mediaops",
            "security_protocol": settings.security,
            "metadata_max_age_ms": int(METADATA_SECONDS * 1000),
        }
        if settings.security.endswith("SSL"):
            context = ssl.create_default_context(cafile=settings.ca_file)
            if settings.certificate_file is not None:
                context.load_cert_chain(settings.certificate_file, settings.key_file)
            options["ssl_context"] = context
        if settings.security.startswith("SASL"):
            options["sasl_mechanism"] = settings.sasl_mechanism
            options["sasl_plain_username"] = settings.username
            options["sasl_plain_password"] = settings.secret()
        return options


async def start_producer(endpoint: Endpoint) -> AIOKafkaProducer:
    """A producer whose acknowledgement means: on every replica in sync."""
    producer = AIOKafkaProducer(
        **endpoint.options(),
        acks="all",
        enable_idempotence=True,
        compression_type="zstd",
        max_batch_size=BATCH_BYTES,
        max_request_size=LARGEST_BATCH,
        request_timeout_ms=int(REQUEST_SECONDS * 1000),
    )
    try:
        if producer._sender._acks != -1 or producer._txn_manager is None:
            raise RuntimeError("the producer must be idempotent and wait for all replicas")
        await producer.start()
    except BaseException:
        await abandon(producer)
        raise
    return producer


async def abandon(producer: AIOKafkaProducer) -> None:
    """Ends a producer: what waits in it fails, and nothing of it is sent any more.

    `stop` would wait until all is delivered, and an idempotent producer of this client tries that
    for ever. What is under way ends by its own time-out, and only then are its connections closed:
    else it would open others.
    """
    producer._closed = True
    sender = producer._sender.sender_task
    if sender is not None:
        sender.cancel()
        await asyncio.wait([sender], timeout=2 * REQUEST_SECONDS)
    await producer.client.close()
    waiting = producer._message_accumulator
    waiting._exception = error = KafkaError("the producer was given up")
    waiting._pending_batches.update(b for queue in waiting._batches.values() for b in queue)
    for batch in list(waiting._pending_batches):
        batch.failure(error)
        for future in (batch.future, batch._drain_waiter):
            future.exception()  # nobody else may ask for it


class _Changes(ConsumerRebalanceListener):  # type: ignore[misc]
    """Keeps what is newly assigned from being read before somebody says from where."""

    def __init__(self, consumer: AIOKafkaConsumer, on_change: OnChange) -> None:
        self._consumer = consumer
        self._on_change = on_change

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._on_change()

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._consumer.pause(*assigned)
        self._on_change()


async def join_group(
    endpoint: Endpoint, group: str, topics: Sequence[str], on_change: OnChange
) -> AIOKafkaConsumer:
    """A member of the group that commits nothing. `on_change` is called at every rebalance; what is
    assigned is paused until its reader has sought and resumed it."""
    consumer = AIOKafkaConsumer(
        **endpoint.options(),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=int(SESSION_SECONDS * 1000),
        heartbeat_interval_ms=int(SESSION_SECONDS * 250),
        # A join is answered when all members have come, which may take a whole session.
        request_timeout_ms=int(SESSION_SECONDS * 3000),
    )
    try:
        if consumer._enable_auto_commit or consumer._auto_offset_reset != "earliest":
            raise RuntimeError("a consumer must commit nothing and begin at the earliest record")
        await consumer.start()
        consumer.subscribe(topics, listener=_Changes(consumer, on_change))
    except BaseException:
        await leave(consumer, 1.0)
        raise
    return consumer


_leaving: set[asyncio.Task[None]] = set()


async def leave(consumer: AIOKafkaConsumer, seconds: float) -> None:
    """Leaves the group; where that takes longer, because a broker does not answer, it goes on
    without its caller."""
    task = asyncio.create_task(_stop(consumer))
    _leaving.add(task)
    task.add_done_callback(_leaving.discard)
    await asyncio.wait([task], timeout=seconds)


async def _stop(consumer: AIOKafkaConsumer) -> None:
    # In a task of its own, because it may raise the cancellation of one of its tasks.
    stopping = asyncio.create_task(consumer.stop())
    await asyncio.wait([stopping])
    if stopping.cancelled() or stopping.exception():
        await consumer._client.close()


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
            return await client.send(client.get_random_node() if node is None else node, request)
        except KafkaError:
            # The next one begins at the configured addresses: the brokers may be others now.
            if self._client is client:
                self._client = None
            await client.close()
            raise

    async def describe(self, names: Sequence[str]) -> dict[str, Description]:
        """Those of the topics that are there."""
        answer = await self._send(_Describe(names))
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
            "retention.ms": str(int(settings.retention_days * 86_400_000)),
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


EARLIEST, LATEST = -2, -1


class _Id:
    """Sixteen bytes. The client's own metadata requests are too old to ask for a topic's id."""

    @classmethod
    def decode(cls, buffer: Any) -> bytes:
        raw: bytes = buffer.read(16)
        return raw

    @classmethod
    def encode(cls, value: bytes) -> bytes:
        return value


class _Described(Response):  # type: ignore[misc]
    API_KEY, API_VERSION = 3, 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString()),
                ("port", Int32),
                ("rack", CompactString()),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString()),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString()),
                ("topic_id", _Id),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _DescribeStruct(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY, API_VERSION = 3, 12
    RESPONSE_TYPE = _Described
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(("topic_id", _Id), ("name", CompactString()), ("tags", TaggedFields)),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _Describe(Request[_DescribeStruct]):  # type: ignore[misc]
    """Asks for topics with their ids (the broker is 3.1 or newer), and makes none."""

    API_KEY = 3

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def build(self, struct: type[_DescribeStruct]) -> _DescribeStruct:
        no_tags: dict[int, bytes] = {}
        return struct([(bytes(16), n, no_tags) for n in self._names], False, False, no_tags)
