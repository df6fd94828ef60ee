"""What is measured and who loads it do not take each other's core."""

import os

import pytest
from mediaops_bench.children import a_generator
from mediaops_bench.machine import cores_apart

pytestmark = pytest.mark.skipif(
    len(getattr(os, "sched_getaffinity", lambda _pid: ())(0)) < 2,
    reason="one core, or a system that holds no process on one: measurements share it",
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
