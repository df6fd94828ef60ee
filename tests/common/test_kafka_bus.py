"""The bus on a real Kafka broker passes the contract of every bus."""

from uuid import uuid4

import pytest
from mediaops_common.bus import Bus, open_bus

from tests.common.bus_contract import BusContract

pytestmark = pytest.mark.slow


class Renamed:
    """The bus with topics and groups of this test's own: the broker serves all of them."""

    def __init__(self, bus: Bus, mark: str) -> None:
        self.bus, self.mark = bus, mark

    async def topic(self, name, **more):
        return await self.bus.topic(f"{name}.{self.mark}", **more)

    async def publish(self, topic, partition, records):
        await self.bus.publish(f"{topic}.{self.mark}", partition, records)

    async def consumer(self, group, topics, locate):
        names = [f"{name}.{self.mark}" for name in topics]
        return Seeking(await self.bus.consumer(f"{group}.{self.mark}", names, locate), self.mark)

    async def bounds(self, topic, partition):
        return await self.bus.bounds(f"{topic}.{self.mark}", partition)

    async def delete_topic(self, name):
        await self.bus.delete_topic(f"{name}.{self.mark}")

    async def close(self):
        await self.bus.close()


class Seeking:
    def __init__(self, consumer, mark: str) -> None:
        self.poll, self.close, self.relocate = consumer.poll, consumer.close, consumer.relocate
        self.seek = lambda topic, *place: consumer.seek(f"{topic}.{mark}", *place)


class TestKafkaBus(BusContract):
    @pytest.fixture
    async def bus(self, kafka):
        self.mark = uuid4().hex
        self.kafka = kafka
        bus = Renamed(await open_bus(kafka.url), self.mark)
        self.open_buses = [bus]
        yield bus
        for one in self.open_buses:
            await one.close()

    @pytest.fixture
    def reopened(self, bus):
        async def reopen():
            await bus.close()
            again = Renamed(await open_bus(self.kafka.url), self.mark)
            self.open_buses = [again]
            return again

        return reopen
