"""The fast groups of crm and insights: activities applied a second, beside decoding and storing."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from mediaops_common.bus import Record
from mediaops_common.consumer import Batch, ConsumerGroup
from mediaops_common.events import ActivityRecorded, Event, decode
from mediaops_common.group_runner import GroupRunner
from mediaops_common.ids import new_id
from mediaops_common.projections import Projection
from mediaops_common.service import Service
from mediaops_common.streams import publish_in_order
from mediaops_crm.main import CRM
from mediaops_insights.main import INSIGHTS

from mediaops_bench.company import CHANNELS, Company
from mediaops_bench.figures import Figure, Sample
from mediaops_bench.machine import Usage
from mediaops_bench.place import is_distributed
from mediaops_bench.records import Lanes, activities
from mediaops_bench.rounds import Effort, Rounds, in_turns
from mediaops_bench.services import Opened, opened

__all__ = ["measure"]

ACTS = 24_000
WANTED = {"crm": 40_000, "insights": 30_000}
WANTED_DISTRIBUTED = 25_000


async def measure(effort: Effort) -> list[Figure]:
    """Both services, each with everybody known but the share of new people in each batch."""
    figures: list[Figure] = []
    for service in (CRM, INSIGHTS):
        with tempfile.TemporaryDirectory(prefix="mediaops-bench-") as folder:
            async with opened(service, Path(folder)) as running:
                load = _Load(service, running, effort, Path(folder))
                await load.meet_everybody()
                variants = {
                    "decode": load.decode,
                    "store": load.store,
                    "apply": load.apply,
                    "loop": load.loop,
                }
                rounds = await in_turns(variants, effort.rounds)
        figures += _figures(service.name, load.group.max_records, rounds)
    return figures


class _Load:
    """The fast group of one service over its own database and bus."""

    def __init__(self, service: Service, running: Opened, effort: Effort, folder: Path) -> None:
        (self.group,) = (group for group in service.groups if group.is_projection)
        self.service, self.running, self.folder = service, running, folder
        self.acts, self.lanes = effort.count(ACTS, 200), Lanes()
        channels = [str(new_id()) for _ in range(effort.count(CHANNELS, 5))]
        self.company = Company(channels, actors=effort.count(20_000, 100))
        runtime = running.runtime
        self.runner = GroupRunner(
            service=service.name,
            group=self.group,
            database=runtime.database,
            bus=runtime.bus,
            clock=runtime.clock,
        )

    def _events(self) -> list[ActivityRecorded]:
        return activities(self.company, self.acts, datetime.now(UTC))

    async def meet_everybody(self) -> None:
        """Applies acts until nearly all of the company's people were met."""
        events = [event for _ in range(5) for event in self._events()]
        for batch in _batches(events, self.group):
            await self._apply(batch)

    async def _apply(self, events: Sequence[Event]) -> None:
        """What the loop does with a decoded batch, without lanes and position."""
        runtime = self.running.runtime
        batch = Batch(list(events), Projection(1), runtime.clock.now())
        if self.group.prepare is not None:
            batch.prepared = await asyncio.to_thread(self.group.prepare, batch)
        async with runtime.database.write() as session:
            await self.group.apply(session, batch)

    async def apply(self) -> Sample:
        batches = _batches(self._events(), self.group)
        used = Usage()
        for batch in batches:
            await self._apply(batch)
        return _sample(self.acts, used.stop())

    async def loop(self) -> Sample:
        """The whole loop: from the bus by lanes and position into the tables."""
        bus = self.running.runtime.bus
        await publish_in_order(bus, self.lanes.records(self._events()))
        consumer = await bus.consumer(self.runner.name, self.group.topics, self.runner.locate)
        done = 0
        used = Usage()
        while done < self.acts:
            done += await self.runner.step(consumer)
        used.stop()
        await consumer.close()
        return _sample(done, used)

    async def decode(self) -> Sample:
        values = [record.value for _topic, record in Lanes().records(self._events())]
        used = Usage()
        for value in values:
            decode(value)
        return _sample(self.acts, used.stop())

    async def store(self) -> Sample:
        """One row an act, upserted: the least that a table of counters costs."""
        records = [record for _topic, record in Lanes().records(self._events())]
        path = self.folder / f"bare-{new_id()}.db"
        used = Usage()
        await asyncio.to_thread(_store, path, records, self.group.max_records)
        return _sample(self.acts, used.stop())


def _store(path: Path, records: list[Record], at_once: int) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE act (key BLOB PRIMARY KEY, n INTEGER) WITHOUT ROWID")
    for start in range(0, len(records), at_once):
        rows = sorted((record.key, 1) for record in records[start : start + at_once])
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO act VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET n = n + excluded.n", rows
        )
        connection.execute("COMMIT")
    connection.close()
    path.unlink()


def _batches(
    events: Sequence[ActivityRecorded], group: ConsumerGroup
) -> list[Sequence[ActivityRecorded]]:
    size = group.max_records
    return [events[start : start + size] for start in range(0, len(events), size)]


def _sample(acts: int, used: Usage) -> Sample:
    return {"rate": acts / used.seconds, "cpu rate": acts / max(used.cpu, 0.001)}


def _figures(service: str, at_once: int, rounds: Rounds) -> list[Figure]:
    group = f"{service}, batches of {at_once:,}"
    found = []
    told = {
        "decode": "decoding alone",
        "store": "a bare executemany into SQLite",
        "apply": "the fast lane: prepare, apply, commit",
        "loop": "the whole loop: bus, decode, lanes, apply",
    }
    for name, unit in (("rate", "activities/s"), ("cpu rate", "activities/CPU-s")):
        for variant, what in told.items():
            value = rounds.spread(variant, name)
            ratios = {}
            if variant in ("apply", "loop"):
                ratios["decoding"] = rounds.ratio(variant, "decode", name)
                ratios["executemany"] = rounds.ratio(variant, "store", name)
            wanted, met = "", None
            if variant == "apply" and name == "rate":
                least = WANTED_DISTRIBUTED if is_distributed() else WANTED[service]
                wanted, met = f"≥ {least:,}", value.middle >= least
            found.append(Figure(group, what, value, unit, ratios, wanted, met))
    return found
