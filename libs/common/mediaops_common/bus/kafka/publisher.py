"""The writing side on Kafka: explicit batches, and a producer that is replaced after any error."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog

from mediaops_common.bus.kafka.clients import Endpoint, abandon, start_producer
from mediaops_common.bus.kafka.packing import Packed, pack
from mediaops_common.bus.port import Record

__all__ = ["KafkaPublisher"]

log = structlog.get_logger(__name__)

BATCH_SECONDS = 12.0
"""A batch that is not acknowledged by then has failed. The client would try it for ever."""
STOP_SECONDS = 3.0
FEW = 50
"""Records that are packed sooner than another thread has begun."""
PACKERS = 2
"""Threads that pack. One fills a batch while the other compresses, which alone needs no
interpreter; a thread for each partition would only have them wait for each other."""


class KafkaPublisher:
    """One producer at a time. After an error its sequence numbers may not fit the broker's any
    more, and then nothing is accepted from it; so the next publish begins with a new one."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._producer: Any = None
        self._starting = asyncio.Lock()
        self._ending: set[asyncio.Task[None]] = set()
        self._packing = ThreadPoolExecutor(PACKERS, thread_name_prefix="bus-pack")

    async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        """Appends the records in order, each batch when the one before it is acknowledged; while
        that is under way the next one is packed."""
        producer = await self._started()
        try:
            first, sent = 0, None
            while first < len(records):
                batch, first = await self._packed(records, first)
                async with asyncio.timeout(BATCH_SECONDS):
                    if sent is not None:
                        await sent
                    sent = await producer.send_batch(batch, topic, partition=partition)
            async with asyncio.timeout(BATCH_SECONDS):
                if sent is not None:
                    await sent
        except Exception as error:
            self._give_up(producer, error)
            raise

    async def _packed(self, records: Sequence[Record], first: int) -> tuple[Packed, int]:
        if len(records) - first < FEW:
            return pack(records, first)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._packing, pack, records, first)

    async def _started(self) -> Any:
        async with self._starting:
            if self._producer is None:
                async with asyncio.timeout(BATCH_SECONDS):
                    self._producer = await start_producer(self._endpoint)
            return self._producer

    def _give_up(self, producer: Any, error: Exception) -> None:
        if self._producer is producer:
            log.warning("producer_given_up", error=f"{type(error).__name__}: {error}"[:300])
            self._producer = None
            task = asyncio.create_task(abandon(producer))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """Lets what is under way arrive, within moments."""
        producer, self._producer = self._producer, None
        if producer is not None:
            stopping = asyncio.create_task(producer.stop())
            await asyncio.wait([stopping], timeout=STOP_SECONDS)
            if not stopping.done():
                stopping.cancel()
                await abandon(producer)
        if self._ending:
            await asyncio.wait(self._ending, timeout=STOP_SECONDS)
        self._packing.shutdown(wait=False, cancel_futures=True)
