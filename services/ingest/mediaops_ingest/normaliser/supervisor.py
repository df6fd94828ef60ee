"""Runs normaliser, archive relay, replays and republications of the shards this process holds."""

import asyncio

import structlog
from mediaops_common.bus import Bus
from mediaops_common.clock import monotonic
from mediaops_common.health import Unhealthy
from mediaops_common.lease import LeaseLost, give_back
from mediaops_common.outages import tell_failure
from mediaops_common.pace import Pace, until
from mediaops_common.restored import Restored, numbers_on_bus, refuse_if_behind
from mediaops_common.service import Runtime
from prometheus_client import Gauge

from mediaops_ingest.archive.chunks import PRODUCER, TOPICS
from mediaops_ingest.archive.relay import ArchiveRelay
from mediaops_ingest.delivery_log.port import DeliveryLog
from mediaops_ingest.normaliser import repository
from mediaops_ingest.normaliser.repository import ZoneChanged
from mediaops_ingest.normaliser.shards import HeldShards
from mediaops_ingest.normaliser.source_book import SourceBook
from mediaops_ingest.normaliser.worker import Normaliser
from mediaops_ingest.replays.worker import Replayer
from mediaops_ingest.republish.worker import Republisher

__all__ = ["run_shards"]

log = structlog.get_logger(__name__)

HELD = Gauge("mediaops_held_shards", "Shards whose deliveries this process reads")

IDLE_SECONDS = 1.0
PACE_SECONDS = 0.25
LONGEST_PAUSE = 5.0

NOT_COMPARED = (
    "deliveries are kept and not read: the bus has not told yet which numbers it has seen",
    "see to the brokers; it goes on by itself",
)


async def run_shards(runtime: Runtime, stopping: asyncio.Event) -> None:
    """Holds its share of the shards. The first error ends the stream, and so does a replica that
    comes or goes; a new one starts under new fencing numbers. What keeps the relay from publishing
    ends nothing before it is over: deliveries are split meanwhile."""
    owner: str = runtime.state["owner"]
    trouble = _Trouble(
        "deliveries are kept and not read", "see the log; make room on the disk if it is full"
    )
    unsent = _Trouble(
        "what is split is kept and not published",
        "see the log, and to the brokers; it goes on by itself",
    )
    runtime.health.add("normaliser", trouble.check)
    runtime.health.add("archive-relay", unsent.check)
    await _wait_until_whole(runtime, stopping)
    pause = 0.1
    held = HeldShards(runtime.database, owner)
    try:
        while not stopping.is_set():
            try:
                if await held.acquire():
                    HELD.set(len(held.states))
                    await _hold(runtime, held, unsent, stopping)
                else:
                    HELD.set(0)
                    await until(stopping, IDLE_SECONDS)
                pause = 0.1
            except LeaseLost as reason:
                log.info("shards_taken_anew", reason=str(reason))
            except Exception as error:
                tell_failure("shards_failed", runtime.database)
                trouble.note(error)
                await until(stopping, pause)
                pause = min(pause * 2, LONGEST_PAUSE)
    finally:
        await give_back(held.release())


class _Trouble:
    """The last error of a loop, for as long as it may come again at the next attempt."""

    def __init__(self, reason: str, repair: str) -> None:
        self._reason, self._repair = reason, repair
        self._kind, self._until = "", 0.0

    def note(self, error: Exception) -> None:
        self._kind, self._until = type(error).__name__, monotonic() + 2 * LONGEST_PAUSE

    async def check(self) -> None:
        if monotonic() < self._until:
            raise Unhealthy(f"{self._reason}: {self._kind}", repair=self._repair)


async def _wait_until_whole(runtime: Runtime, stopping: asyncio.Event) -> None:
    """Numbers nothing before it has seen that the bus has no higher numbers than the archive has
    given. While no broker answers this is not known, and nothing is split: numbers that were given
    twice name two events, of which consumers would skip the second."""
    refusal: tuple[str, str] | None = NOT_COMPARED

    async def archive() -> None:
        if refusal is not None:
            reason, repair = refusal
            raise Unhealthy(reason, repair=repair)

    runtime.health.add("archive", archive)
    while not stopping.is_set():
        try:
            seen = await numbers_on_bus(runtime.bus, PRODUCER, TOPICS, stopping)
            if seen is None:
                return
            async with runtime.database.read() as session:
                own = await repository.numbers_given(session)
            refuse_if_behind(own, seen)
        except Restored as error:
            refusal = str(error), Restored.repair
            log.error("archive_refuses", reason=str(error))
            await until(stopping, 5.0)
        except Exception:
            tell_failure("numbers_not_compared", runtime.bus, runtime.database)
            await until(stopping, 2.0)
        else:
            refusal = None
            return


async def _hold(
    runtime: Runtime, held: HeldShards, unsent: _Trouble, stopping: asyncio.Event
) -> None:
    log_, box = runtime.state["delivery_log"], runtime.keys.box
    book = SourceBook(runtime.database, box)
    normaliser = Normaliser(runtime.database, log_, book, held, runtime.clock)
    replayer = Replayer(runtime.database, log_, book, held, runtime.clock)
    relay = ArchiveRelay(runtime.database, runtime.bus, held, normaliser)
    republisher = Republisher(runtime.database, runtime.bus, runtime.state["owner"])
    log_.note_read(held.read_through)
    tasks = [
        asyncio.create_task(_normalise(normaliser, replayer, book, held, log_, stopping)),
        asyncio.create_task(_relay(relay, runtime, unsent, stopping)),
        asyncio.create_task(_republish(republisher, runtime, stopping)),
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _normalise(
    normaliser: Normaliser,
    replayer: Replayer,
    book: SourceBook,
    held: HeldShards,
    log_: DeliveryLog,
    stopping: asyncio.Event,
) -> None:
    pace = Pace(PACE_SECONDS)
    while not stopping.is_set():
        await held.keep()
        try:
            busy = await normaliser.step()
        except ZoneChanged:
            book.forget()
            continue
        if await replayer.step():
            normaliser.produced.set()
            continue
        if busy:
            await pace.turn(is_behind=normaliser.is_behind)
        else:
            await normaliser.wait(IDLE_SECONDS)


async def _relay(
    relay: ArchiveRelay, runtime: Runtime, unsent: _Trouble, stopping: asyncio.Event
) -> None:
    """Without a pace of its own: it turns when the normaliser has made something, so as often.

    A stream ends at its first error, and the next needs new fencing numbers, for which the
    normaliser stops too. It does so when publishing may succeed again, and not before.
    """
    await _until_reachable(runtime.bus, stopping)
    if stopping.is_set():
        return
    try:
        await relay.start()
        while not stopping.is_set():
            if not await relay.step():
                await relay.wait()
    except LeaseLost:
        raise
    except Exception as error:
        tell_failure("archive_not_published", runtime.bus, runtime.database)
        unsent.note(error)
        await until(stopping, LONGEST_PAUSE)
        await _until_reachable(runtime.bus, stopping)
        raise LeaseLost("the stream of the archive begins anew") from error


async def _republish(republisher: Republisher, runtime: Runtime, stopping: asyncio.Event) -> None:
    """Repeats what failed: its readers skip what they have, and the normaliser goes on."""
    try:
        while not stopping.is_set():
            try:
                if not await republisher.step():
                    await until(stopping, IDLE_SECONDS)
            except Exception:
                tell_failure("not_republished", runtime.bus, runtime.database)
                await until(stopping, LONGEST_PAUSE)
                await _until_reachable(runtime.bus, stopping)
    finally:
        await republisher.release()


async def _until_reachable(bus: Bus, stopping: asyncio.Event) -> None:
    while bus.trouble is not None and not stopping.is_set():
        await until(stopping, IDLE_SECONDS)
