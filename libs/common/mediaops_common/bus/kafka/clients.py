"""The clients that write and read, with settings that are safe, and how each of them is ended."""

import asyncio
import ssl
from collections.abc import Callable, Iterable, Sequence, Set
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.errors import KafkaError

from mediaops_common.bus.kafka.client_log import tell_seldom
from mediaops_common.settings import BusSettings

__all__ = [
    "LARGEST_BATCH",
    "REQUEST_SECONDS",
    "Endpoint",
    "KafkaError",
    "abandon",
    "buffered",
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
LARGEST_BATCH = 16 * 1024 * 1024
"""The largest that a broker takes: one event, as large as the door lets it in."""

OnChange = Callable[[], None]


class Endpoint:
    """Where the brokers are, and how a client proves itself to them."""

    def __init__(self, servers: str, settings: BusSettings) -> None:
        self.servers = servers
        self.settings = settings

    def options(self) -> dict[str, Any]:
        """What every client is made with. Files are read anew for each, so that one which was
        mended helps without a restart. Raises KafkaError where one cannot be read."""
        try:
            return self._options()
        except (OSError, ValueError) as error:
            raise KafkaError(f"a file of MEDIAOPS_BUS_..._FILE cannot be used: {error}") from error

    def _options(self) -> dict[str, Any]:
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


class _AsRead(fetcher.PartitionRecords):  # type: ignore[misc]
    """Gives records as they are read from their batch. The client copies each of them into one of
    its own, which takes longer than all the rest of reading it."""

    def _consumer_record(self, partition: TopicPartition, record: Any) -> Any:
        return record


fetcher.PartitionRecords = _AsRead  # it has no other way in


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


def buffered(consumer: AIOKafkaConsumer) -> Set[TopicPartition]:
    """Partitions of which records have come that nobody has taken yet. The client asks for more of
    one only when these are taken, and gives all of one before any of the next."""
    records: dict[TopicPartition, Any] = consumer._fetcher._records
    return records.keys()


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
