"""What is measured and who loads it do not take each other's core."""

import os

import pytest
from mediaops_bench.children import a_generator
from mediaops_bench.machine import cores_apart, hold_titled
from mediaops_bench.place import database_processes

from tests.postgres import shared_cluster

pytestmark = pytest.mark.skipif(
    len(getattr(os, "sched_getaffinity", lambda _pid: ())(0)) < 2,
    reason="Placement was left out: run on two cores, where a process can be held on one",
)


def test_a_server_has_a_core_of_its_own() -> None:
    server, senders = cores_apart()
    assert len(server) == 1
    assert not server & senders
    assert server | senders == os.sched_getaffinity(0)


async def test_a_generator_stays_where_it_is_put() -> None:
    _, senders = cores_apart()
    async with a_generator(senders) as generator:
        assert os.sched_getaffinity(generator.pid) == senders


@pytest.mark.databases("postgresql")
async def test_what_postgresql_does_for_a_measurement_is_held_beside_the_senders(
    backend, monkeypatch
) -> None:
    import asyncpg

    _, senders = cores_apart()
    cluster, name = shared_cluster(), "bench_placement_ingest"
    await cluster.create(name)
    monkeypatch.setenv("MEDIAOPS_DATABASE_URL", cluster.url("{service}"))
    connection = await asyncpg.connect(cluster.url(name))
    other = await asyncpg.connect(cluster.url("postgres"))
    try:
        pid = connection.get_server_pid()
        assert await database_processes() == {pid: name}
        assert hold_titled(pid, name, senders)
        assert os.sched_getaffinity(pid) == senders
        assert not hold_titled(other.get_server_pid(), name, senders)
        assert os.sched_getaffinity(other.get_server_pid()) == os.sched_getaffinity(0)
    finally:
        await connection.close()
        await other.close()
        await cluster.execute(f"DROP DATABASE {name}")


async def test_without_postgresql_there_is_nothing_to_hold(monkeypatch) -> None:
    monkeypatch.delenv("MEDIAOPS_DATABASE_URL", raising=False)
    assert await database_processes() == {}
    assert not hold_titled(os.getpid(), "a title that no process has", {0})
