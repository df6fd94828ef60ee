"""The bus on Kafka."""

import asyncio
import contextlib
import time
from collections.abc import Sequence

import structlog

from mediaops_common.bus.kafka.client_log import last_words
from mediaops_common.bus.kafka.clients import Endpoint, KafkaError
from mediaops_common.bus.kafka.consumer import KafkaConsumer
from mediaops_common.bus.kafka.control import Control, Description
from mediaops_common.bus.kafka.publisher import KafkaPublisher
from mediaops_common.bus.port import (
    BusUnavailable,
    Locate,
    LogBounds,
    Place,
    Record,
    TopicIdentity,
)
from mediaops_common.settings import BusSettings

__all__ = ["KafkaBus"]

log = structlog.get_logger(__name__)

LOOK_SECONDS = 4.0
"""So often it looks whether a topic was made again, removed, or given more partitions."""
DOUBT_SECONDS = 0.2
"""After an error it looks so soon."""
MAKE_SECONDS = 15.0
PARTITIONS = 8


class KafkaBus:
    """One producer and one connection for requests; every consumer has connections of its own."""

    def __init__(self, servers: str, settings: BusSettings) -> None:
        self.trouble: str | None = None
        self._servers = servers
        self._endpoint = Endpoint(servers, settings)
        self._partitions = settings.partitions or PARTITIONS
        self._control = Control(self._endpoint)
        self._publisher = KafkaPublisher(self._endpoint)
        self._topics: dict[str, Description] = {}
        self._looking: asyncio.Task[None] | None = None
        self._doubt = asyncio.Event()

    async def open(self) -> None:
        """Looks for the brokers, and goes on looking: a service may start before them, and takes
        webhooks without them."""
        await self._look()
        self._looking = asyncio.create_task(self._keep_looking())

    async def _keep_looking(self) -> None:
        while True:
            # Not `wait_for`: before Python 3.12 it swallows a cancellation that meets the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._doubt.wait()
                await asyncio.sleep(DOUBT_SECONDS)
            self._doubt.clear()
            await self._look()

    async def _look(self) -> None:
        known = dict(self._topics)
        began = time.monotonic()
        try:
            found = await self._control.describe(list(known))
        except (KafkaError, TimeoutError) as error:
            self._note_trouble((last_words(began) or str(error) or type(error).__name__)[:300])
            return
        if self.trouble is not None:
            log.info("brokers_seen_again")
        self.trouble = None
        for name, description in known.items():
            if self._topics.get(name) == description:  # else somebody looked meanwhile
                self._topics.pop(name)
                if name in found and -1 not in found[name].leaders:
                    self._topics[name] = found[name]

    def _note_trouble(self, error: str) -> None:
        if self.trouble is None:
            log.warning("brokers_not_seen", brokers=self._servers, error=error)
        self.trouble = f"no broker answers at {self._servers}: {error}"

    async def topic(self, name: str, *, partitions: int | None = None) -> TopicIdentity:
        if name not in self._topics:
            try:
                self._topics[name] = await self._make(name, partitions or self._partitions)
            except (KafkaError, TimeoutError) as error:
                raise BusUnavailable(f"{name}: {str(error) or type(error).__name__}") from error
        found = self._topics[name]
        return TopicIdentity(found.cluster_id, found.topic_id, len(found.leaders))

    async def _make(self, name: str, partitions: int) -> Description:
        """Makes the topic where it is missing; returns when each partition has a leader."""
        async with asyncio.timeout(MAKE_SECONDS):
            found = (await self._control.describe([name])).get(name)
            if found is None:
                await self._control.create(name, partitions)
            while found is None or -1 in found.leaders:
                await asyncio.sleep(0.02)
                found = (await self._control.describe([name])).get(name)
            return found

    async def retention_days(self, name: str) -> float | None:
        try:
            return await self._control.retention_days(name)
        except (KafkaError, TimeoutError) as error:
            raise BusUnavailable(f"{name}: {str(error) or type(error).__name__}") from error

    async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        identity = await self.topic(topic)
        if not 0 <= partition < identity.partitions:
            raise ValueError(f"{topic} has no partition {partition}")
        try:
            await self._publisher.publish(topic, partition, records)
        except Exception:
            self._doubt.set()  # the topic may be gone, or another
            raise

    async def consumer(self, group: str, topics: Sequence[str], locate: Locate) -> KafkaConsumer:
        return KafkaConsumer(self._endpoint, group, topics, locate, self.topic)

    async def bounds(self, places: Sequence[Place]) -> list[LogBounds]:
        leaders: dict[Place, int] = {}
        try:
            for topic, partition in places:
                await self.topic(topic)
                leaders[topic, partition] = self._topics[topic].leaders[partition]
            found = await self._control.bounds(leaders)
            return [found[place] for place in places]
        except (KafkaError, TimeoutError) as error:
            self._doubt.set()  # another broker may lead it now
            raise BusUnavailable(f"{type(error).__name__}: {error}") from error

    async def delete_topic(self, name: str) -> None:
        self._topics.pop(name, None)
        await self._control.delete(name)

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking
        await self._publisher.close()
        await self._control.close()
