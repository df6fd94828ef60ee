"""A job has one holder at a time, and never none for long."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

import pytest
from mediaops_common.clock import FrozenClock
from mediaops_common.jobs import Job, run_job
from mediaops_common.lease import raise_fence
from mediaops_common.service import Runtime, Service
from sqlalchemy import select

from tests.common.spine import METADATA, NOW
from tests.runtimes import a_runtime

DAILY = 86_400.0


@pytest.fixture(autouse=True)
def short_lease(monkeypatch):
    monkeypatch.setattr("mediaops_common.jobs.LEASE_SECONDS", 0.5)
    monkeypatch.setattr("mediaops_common.jobs.LOOK_SECONDS", 0.05)


@pytest.fixture
async def runtime(tmp_path, backend):
    service = Service(name="crm", metadata=METADATA)
    async with a_runtime(tmp_path, service, FrozenClock(NOW), backend) as opened:
        yield opened


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(120):
        while not await condition():  # noqa: ASYNC110 - the condition is another's state
            await asyncio.sleep(0.02)


async def end(loop: asyncio.Task[None]) -> None:
    """As `kill -9`: it lets go of nothing."""
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)


async def expires(runtime: Runtime) -> datetime:
    lease = runtime.database.tables.lease
    async with runtime.database.read() as session:
        connection = await session.connection()
        found = await connection.execute(
            select(lease.c.expires_at).where(lease.c.name == "job:daily")
        )
        moment: datetime = found.scalar_one()
        return moment


async def test_a_daily_job_of_a_process_that_died_is_soon_anothers(runtime) -> None:
    runs: list[str] = []

    def held_by(owner: str) -> asyncio.Task[None]:
        async def note(_: Runtime) -> None:
            runs.append(owner)

        return asyncio.create_task(
            run_job(runtime, Job("daily", DAILY, note), owner, asyncio.Event())
        )

    first = held_by("first")
    await until(lambda: asyncio.sleep(0, runs == ["first"]))
    second = held_by("second")
    await end(first)
    await until(lambda: asyncio.sleep(0, runs == ["first", "second"]))
    await end(second)


async def test_a_run_that_lasts_keeps_its_lease(runtime) -> None:
    begun = asyncio.Event()

    async def last(_: Runtime) -> None:
        begun.set()
        await asyncio.Event().wait()

    loop = asyncio.create_task(run_job(runtime, Job("daily", DAILY, last), "one", asyncio.Event()))
    await begun.wait()
    before = await expires(runtime)

    async def is_renewed() -> bool:
        return await expires(runtime) > before

    await until(is_renewed)
    await end(loop)


@pytest.mark.databases("sqlite", "postgresql")
async def test_a_run_whose_transaction_outlasts_a_renewal_goes_on(runtime) -> None:
    """The transaction has the lease's row, for which the renewal beside it takes its turn."""
    done: list[bool] = []

    async def write(given: Runtime) -> None:
        for _ in range(2):
            async with given.database.write():
                await asyncio.sleep(0.7)
        done.append(True)

    loop = asyncio.create_task(run_job(runtime, Job("daily", DAILY, write), "one", asyncio.Event()))
    await until(lambda: asyncio.sleep(0, bool(done)))
    await end(loop)


@pytest.mark.databases("sqlite", "postgresql")
async def test_a_run_writes_nothing_after_another_took_its_lease(runtime) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    written: list[bool] = []

    async def stall(given: Runtime) -> None:
        begun.set()
        await go_on.wait()
        async with given.database.write():
            written.append(True)

    stopping = asyncio.Event()
    loop = asyncio.create_task(run_job(runtime, Job("daily", DAILY, stall), "late", stopping))
    await begun.wait()
    async with runtime.database.write() as session:
        await raise_fence(session, "job:daily")  # as who takes it over does
    stopping.set()
    go_on.set()
    await loop
    assert written == []


async def test_a_daily_job_that_fails_is_tried_again_before_tomorrow(runtime, monkeypatch) -> None:
    monkeypatch.setattr("mediaops_common.jobs.RETRY_SECONDS", 0.05)
    tries: list[int] = []

    async def fail_once(_: Runtime) -> None:
        tries.append(len(tries))
        if len(tries) == 1:
            raise ConnectionError

    loop = asyncio.create_task(
        run_job(runtime, Job("daily", DAILY, fail_once), "one", asyncio.Event())
    )
    await until(lambda: asyncio.sleep(0, len(tries) == 2))
    await end(loop)


def test_a_copy_of_a_service_has_each_job_once() -> None:
    """A worker's is a copy: two loops of one name would take the lease from each other for ever."""
    service = Service(name="a", metadata=METADATA)
    copied = replace(service, routers=())
    assert [job.name for job in copied.jobs] == [job.name for job in service.jobs]
