"""Questions: stickiness over a million people, and metrics over ten times as many events."""

import random
import tempfile
import time
from array import array
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from mediaops_common.audience import ALL, append, compact
from mediaops_common.consumer import Batch
from mediaops_common.events import ChannelSaved, Event, WorkspaceSaved
from mediaops_common.ids import new_id, workspace_id
from mediaops_common.projections import Projection
from mediaops_common.workers import groups_of
from mediaops_common.zones import day_of, number_of
from mediaops_crm.database import AUDIENCE
from mediaops_crm.main import CRM
from mediaops_insights.main import INSIGHTS

from mediaops_bench.company import CHANNELS, Company
from mediaops_bench.figures import Figure, Sample
from mediaops_bench.records import activities
from mediaops_bench.rounds import Effort, in_turns
from mediaops_bench.services import WORKSPACE, ZONE, Opened, opened

__all__ = ["measure"]

PEOPLE_BITS = 20
"""2 to the power of it: 1,048,576 people."""
DRAWS = 300_000
"""Acts of a day, of people drawn with repeats: a quarter of all people come on a day."""
SHOWN_DAYS = 90
BUILT_DAYS = SHOWN_DAYS + 28
EVENTS = 30_000
TIMES = 10

QUESTIONS = (
    "metric=activities&metric=engagements&metric=views&granularity=day",
    "metric=activities&granularity=hour",
    "metric=engagements&group_by=channel&granularity=day",
    "metric=engagement_rate_by_views&group_by=channel&granularity=day",
    "metric=activities&group_by=type&granularity=day&compare=previous_period",
)


async def measure(effort: Effort) -> list[Figure]:
    return [*await _stickiness(effort), *await _growing(effort)]


async def _stickiness(effort: Effort) -> list[Figure]:
    bits = PEOPLE_BITS if effort.scale >= 1 else 14
    channels = effort.count(CHANNELS, 5)
    with tempfile.TemporaryDirectory(prefix="mediaops-bench-") as folder:
        async with opened(CRM, Path(folder)) as crm:
            ids = [new_id() for _ in range(channels)]
            await _register(crm, ids)
            last = day_of(datetime.now(UTC), ZONE)
            await _build_audience(crm, ids, last, bits)
            first = last - timedelta(days=SHOWN_DAYS - 1)
            path = f"/crm/v1/stickiness?from={first}&to={last}"
            rounds = await in_turns(
                {
                    "bare": lambda: _bare_union(crm, last),
                    "all": _asked(crm, path),
                    "one": _asked(crm, f"{path}&channel_id={ids[0]}"),
                },
                effort.rounds * 3,
            )
    group = f"90 days of stickiness, {1 << bits:,} people, {channels} channels"
    value = rounds.spread("all", "ms")
    ratio = {"bare": rounds.ratio("all", "bare", "ms")}
    bare = "reading and uniting the same bitmaps"
    return [
        Figure(group, bare, rounds.spread("bare", "ms"), "ms"),
        Figure(group, "GET /stickiness", value, "ms", ratio, "< 150 ms", value.middle < 150),
        Figure(group, "GET /stickiness of one channel", rounds.spread("one", "ms"), "ms"),
    ]


async def _register(service: Opened, channels: list[UUID]) -> None:
    """What ingest would have told: the workspace and its channels."""
    events: list[Event] = [
        WorkspaceSaved(
            workspace_id=workspace_id(WORKSPACE),
            slug=WORKSPACE,
            name="Bench",
            timezone=ZONE,
            version=1,
        )
    ]
    events += [
        ChannelSaved(
            workspace_id=workspace_id(WORKSPACE),
            channel_id=channel,
            platform="site",
            external_id=str(channel),
            name="Account",
            owner_kind="organisation",
            version=1,
        )
        for channel in channels
    ]
    (registry,) = (g for g in groups_of(service.runtime) if g.name == "registry")
    async with service.runtime.database.write() as session:
        await registry.apply(session, Batch(events, Projection(1), service.runtime.clock.now()))


async def _build_audience(crm: Opened, channels: list[UUID], last: date, bits: int) -> None:
    """Appends days by the service's own code, large channels with most of the people, and folds
    them as its job does."""
    roll, workspace = random.Random(1), workspace_id(WORKSPACE)
    weights = [1 / (place + 10) for place in range(len(channels))]
    draws = DRAWS >> (PEOPLE_BITS - bits)
    shares = [int(draws * weight / sum(weights)) for weight in weights]
    database = crm.runtime.database
    for back in range(BUILT_DAYS):
        day = number_of(last) - back
        people, at = _drawn(roll, draws, bits), 0
        cells = {}
        for channel, share in zip(channels, shares, strict=True):
            cells[workspace, channel, day] = people[at : at + max(1, share)]
            at += share
        async with database.write() as session:
            await append(session, AUDIENCE, 1, cells)
    folded = 1
    while folded:
        async with database.write() as session:
            folded = await compact(session, AUDIENCE, 2_000, 1)


def _drawn(roll: random.Random, count: int, bits: int) -> "array[int]":
    """Ordinals with repeats, by cutting one long random number into pieces."""
    mask = int.from_bytes(((1 << bits) - 1).to_bytes(4, "little") * count, "little")
    people = array("I")
    people.frombytes((roll.getrandbits(32 * count) & mask).to_bytes(4 * count, "little"))
    return people


async def _bare_union(crm: Opened, last: date) -> Sample:
    """Reads the bitmaps of the same days and counts each day's 28 days by one union."""
    from pyroaring import BitMap

    bitmap, end = AUDIENCE.bitmap, number_of(last)
    shown = bitmap.select().with_only_columns(bitmap.c.day, bitmap.c.bits)
    query = shown.where(
        bitmap.c.generation == 1,
        bitmap.c.workspace_id == workspace_id(WORKSPACE),
        bitmap.c.channel_id == ALL,
        bitmap.c.day > end - BUILT_DAYS,
    )
    begun = time.perf_counter()
    async with crm.runtime.database.read() as session:
        rows = (await (await session.connection()).execute(query)).all()
    days = {day: BitMap.deserialize(raw) for day, raw in rows}
    for day in range(end - SHOWN_DAYS + 1, end + 1):
        len(BitMap.union(*(days[day - back] for back in range(28))))
    return {"ms": 1000 * (time.perf_counter() - begun)}


def _asked(service: Opened, path: str) -> Callable[[], Awaitable[Sample]]:
    async def ask() -> Sample:
        begun = time.perf_counter()
        await service.call("GET", path)
        return {"ms": 1000 * (time.perf_counter() - begun)}

    return ask


async def _growing(effort: Effort) -> list[Figure]:
    """The same company asked about once with 1× and once with 10× the events."""
    events = effort.count(EVENTS, 200)
    channels = [new_id() for _ in range(effort.count(CHANNELS, 5))]
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="mediaops-bench-") as folder:
        async with (
            opened(INSIGHTS, Path(folder, "few")) as few,
            opened(INSIGHTS, Path(folder, "many")) as many,
        ):
            for service, times in ((few, 1), (many, TIMES)):
                await _register(service, channels)
                await _apply(service, channels, events, times)
            today = day_of(datetime.now(UTC), ZONE)
            for question in QUESTIONS:
                path = f"/insights/v1/metrics/query?{question}&from={today}&to={today}"
                variants = {"1": _asked(few, path), "10": _asked(many, path)}
                rounds = await in_turns(variants, effort.rounds * 3)
                group = f"metrics/query over {events:,} and {events * TIMES:,} events"
                value, ratio = rounds.spread("10", "ms"), rounds.ratio("10", "1", "ms")
                figures.append(
                    Figure(
                        group,
                        question.replace("metric=", "").replace("&", " "),
                        value,
                        "ms",
                        {"1×": ratio},
                        "≤ 1.2 of 1×",
                        ratio.middle <= 1.2,
                    )
                )
    return figures


async def _apply(service: Opened, channels: list[UUID], events: int, times: int) -> None:
    """The same people and contents each time; the acts spread over the hours of today so far."""
    (group,) = (group for group in INSIGHTS.groups if group.is_projection)
    clock = service.runtime.clock
    for turn in range(times):
        company = Company([str(channel) for channel in channels], seed=1)
        start = clock.now() - timedelta(minutes=5 * turn)
        acts = activities(company, events, start)
        for at in range(0, len(acts), group.max_records):
            batch = Batch(list(acts[at : at + group.max_records]), Projection(1), clock.now())
            async with service.runtime.database.write() as session:
                await group.apply(session, batch)
