"""Appending, reading, folding and clearing against a plain set of (channel, day, actor)."""

import asyncio
import tempfile
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mediaops_common.audience import (
    ALL,
    AudienceTables,
    append,
    clear_bits,
    compact,
    load,
    load_channels,
    load_each,
    seen_before,
    slices,
)
from mediaops_common.audience.compaction import BASE_KEY, hold
from mediaops_common.db import Database, insert_new

from tests.common.audience.conftest import an_audience
from tests.examples import examples
from tests.locks import waits

Audience = tuple[Database, AudienceTables]
Marks = set[tuple[UUID, int, int]]

W = UUID(int=1)
CHANNELS = [UUID(int=number) for number in (11, 12, 13)]

marks = st.tuples(st.sampled_from(CHANNELS), st.integers(20_000, 20_003), st.integers(0, 9))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.lists(marks, min_size=1, max_size=8)),
        st.tuples(st.just("clear"), st.lists(marks, min_size=1, max_size=3)),
        st.tuples(st.just("compact"), st.integers(1, 3)),
    ),
    max_size=14,
)


def cells(marked: list[tuple[UUID, int, int]]) -> dict[tuple[UUID, UUID, int], set[int]]:
    found: dict[tuple[UUID, UUID, int], set[int]] = {}
    for channel, day, ordinal in marked:
        found.setdefault((W, channel, day), set()).add(ordinal)
    return found


async def as_marks(database: Database, tables: AudienceTables, channel: UUID) -> Marks:
    async with database.read() as session:
        days = await load(session, tables, 1, W, channel, 0, 99_999)
    return {(channel, day, ordinal) for day, bits in days.items() for ordinal in bits}


@settings(max_examples=examples(10), deadline=None)
@given(steps)
async def test_whatever_is_folded_when_the_bitmaps_hold_what_was_marked(
    history: list[tuple[str, object]],
) -> None:
    expected: Marks = set()
    with tempfile.TemporaryDirectory() as folder:
        async with an_audience(Path(folder)) as (database, tables):
            for kind, value in history:
                async with database.write() as session:
                    if kind == "append":
                        assert isinstance(value, list)
                        await append(session, tables, 1, cells(value))
                        expected |= set(value)
                    elif kind == "clear":
                        assert isinstance(value, list)
                        gone = await clear_bits(session, tables, 1, cells(value))
                        expected -= set(value)
                        for _channel, day, ordinal in value:
                            elsewhere = any((c, day, ordinal) in expected for c in CHANNELS)
                            assert (ordinal in gone.get((W, day), ())) == (not elsewhere)
                    else:
                        assert isinstance(value, int)
                        await compact(session, tables, 2, value)
            for channel in CHANNELS:
                one = {mark for mark in expected if mark[0] == channel}
                assert await as_marks(database, tables, channel) == one
            whole = {(ALL, day, ordinal) for _channel, day, ordinal in expected}
            assert await as_marks(database, tables, ALL) == whole


async def test_one_fold_leaves_one_bitmap_and_no_delta(audience: Audience) -> None:
    database, tables = audience
    async with database.write() as session:
        for ordinal in range(20):
            await append(session, tables, 1, {(W, CHANNELS[0], 20_000): [ordinal]})
    before = await as_marks(database, tables, CHANNELS[0])
    async with database.write() as session:
        assert await compact(session, tables, 10) == 2  # the channel, and all channels
        assert await compact(session, tables, 10, 1) == 0
    assert await as_marks(database, tables, CHANNELS[0]) == before


async def test_few_deltas_wait(audience: Audience) -> None:
    database, tables = audience
    async with database.write() as session:
        for ordinal in range(3):
            await append(session, tables, 1, {(W, CHANNELS[0], 20_000): [ordinal]})
        assert await compact(session, tables, 10) == 0
        assert await compact(session, tables, 10, 3) == 2


async def test_history_is_read_in_slices_whole_and_without_its_gaps(audience: Audience) -> None:
    database, tables = audience
    days = [10_957, *range(20_000, 20_100)]
    async with database.write() as session:
        for ordinal, day in enumerate(days):
            await append(session, tables, 1, {(W, CHANNELS[0], day): [ordinal]})
        await compact(session, tables, 100, 1)
        await append(session, tables, 1, {(W, CHANNELS[0], 20_000): [1]})
    async with database.read() as session:
        scope = (session, tables, 1, W)
        assert await slices(*scope, ALL, 0, 30_000) == [(10_957, 20_062), (20_063, 30_000)]
        assert await slices(*scope, ALL, 10_958, 19_999) == []
        found = {}
        async for part in load_each(*scope, CHANNELS[0], 0, 30_000):
            assert len(part) <= 64
            found.update(part)
        assert {day: list(bits) for day, bits in found.items()} == {
            day: [ordinal] for ordinal, day in enumerate(days)
        }
        assert list(await seen_before(*scope, ALL, 20_002)) == [0, 1, 2]
        assert not await seen_before(*scope, ALL, 10_957)
        assert not await seen_before(session, tables, 1, uuid4(), ALL, 20_200)


async def test_the_channels_of_a_day_do_not_include_the_sum(audience: Audience) -> None:
    database, tables = audience
    async with database.write() as session:
        await append(
            session, tables, 1, {(W, CHANNELS[0], 20_000): [1, 2], (W, CHANNELS[1], 20_000): [2]}
        )
    async with database.read() as session:
        found = await load_channels(session, tables, 1, W, 20_000)
    assert {channel: list(bits) for channel, bits in found.items()} == {
        CHANNELS[0]: [1, 2],
        CHANNELS[1]: [2],
    }


async def test_generations_and_workspaces_are_apart(audience: Audience) -> None:
    database, tables = audience
    async with database.write() as session:
        await append(session, tables, 1, {(W, CHANNELS[0], 20_000): [1]})
        await append(session, tables, 2, {(W, CHANNELS[0], 20_000): [2]})
        await append(session, tables, 1, {(uuid4(), CHANNELS[0], 20_000): [3]})
        await clear_bits(session, tables, 2, {(W, CHANNELS[0], 20_000): [1, 2]})
    assert await as_marks(database, tables, ALL) == {(ALL, 20_000, 1)}


@pytest.mark.databases("postgresql")
@pytest.mark.parametrize("is_there", [True, False])
async def test_a_fold_and_a_retraction_wait_for_each_other_in_no_circle(
    audience: Audience, is_there: bool
) -> None:
    database, tables = audience
    channel, cell = CHANNELS[0], (W, CHANNELS[0], 20_000)
    row = {"generation": 1, "workspace_id": W, "channel_id": channel, "day": 20_000, "bits": b""}
    async with database.write() as session:
        await append(session, tables, 1, {cell: [1, 2]})
        await hold(session, tables, 1, W, 20_000, {ALL, channel} if is_there else {ALL})

    async def take_back() -> None:
        async with database.write() as session:
            await clear_bits(session, tables, 1, {cell: [1]})

    async with database.write() as session:
        if is_there:  # the fold has just its first lock
            await hold(session, tables, 1, W, 20_000, {ALL})
        else:
            await insert_new(session, tables.bitmap, [row], key=BASE_KEY)
        other = asyncio.create_task(take_back())
        assert await waits(database, other)
        await compact(session, tables, 10, 1)
    await other
    for one in (ALL, channel):
        assert await as_marks(database, tables, one) == {(one, 20_000, 2)}
