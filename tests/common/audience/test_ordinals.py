"""Ordinals are dense, stay the same and are never given again."""

from uuid import uuid4

import pytest
from mediaops_common.audience import AudienceTables, actor_key, number_actors
from mediaops_common.db import Database

pytestmark = pytest.mark.databases("sqlite", "postgresql")

Audience = tuple[Database, AudienceTables]


async def test_an_actor_keeps_its_ordinal(audience: Audience) -> None:
    database, tables = audience
    workspace = uuid4()
    keys = [actor_key("douyin", "", f"u{n}") for n in range(1_200)]
    async with database.write() as session:
        first = await number_actors(session, tables, 1, workspace, keys)
    assert [first[key] for key in keys] == list(range(1_200))
    more = [*reversed(keys), actor_key("douyin", "", "new")]
    async with database.write() as session:
        again = await number_actors(session, tables, 1, workspace, more)
    assert again == {**first, more[-1]: 1_200}


async def test_what_is_rolled_back_leaves_no_trace(audience: Audience) -> None:
    database, tables = audience
    workspace = uuid4()
    try:
        async with database.write() as session:
            await number_actors(session, tables, 1, workspace, [b"a" * 16])
            raise LookupError
    except LookupError:
        pass
    async with database.write() as session:
        assert await number_actors(session, tables, 1, workspace, [b"b" * 16]) == {b"b" * 16: 0}


async def test_workspaces_and_generations_count_apart(audience: Audience) -> None:
    database, tables = audience
    one, other = uuid4(), uuid4()
    async with database.write() as session:
        await number_actors(session, tables, 1, one, [b"a" * 16, b"b" * 16])
        assert await number_actors(session, tables, 1, other, [b"b" * 16]) == {b"b" * 16: 0}
        assert await number_actors(session, tables, 2, one, [b"b" * 16]) == {b"b" * 16: 0}
        assert await number_actors(session, tables, 1, one, [b"c" * 16]) == {b"c" * 16: 2}


def test_keys_tell_apart_what_looks_alike_when_written_together() -> None:
    alike = [("site", "a", "bc"), ("site", "ab", "c"), ("sitea", "b", "c"), ("site", "", "abc")]
    assert len({actor_key(*actor) for actor in alike}) == len(alike)
    assert actor_key("site", "", "1:1") != actor_key("site", "1:", "1")
