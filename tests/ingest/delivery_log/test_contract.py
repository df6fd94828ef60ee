"""What every delivery log promises: it keeps what it acknowledged, in order, across days."""

import asyncio
import os
from datetime import timedelta
from uuid import uuid4

import pytest
from mediaops_ingest.delivery_log.port import LogFull, LogUnavailable, NewDelivery, RejectedItem

from tests.ingest.delivery_log.builders import NOON, a_delivery

pytestmark = pytest.mark.databases("sqlite", "postgresql")


async def test_what_was_appended_comes_back_whole(log):
    given = a_delivery(
        b"x" * 5000,
        kind="activities",
        path="/v1/batch",
        query=b"signature=abc",
        headers=[(b"webhook-id", b"1"), (b"x-name", b"\xe4")],
        items=3,
        rejected=[RejectedItem(2, "type", "unknown")],
        channel_id=None,
    )
    [seq] = await log.append([given])
    [read] = await log.read(0, 10)
    assert read.seq == seq == log.newest_seq
    assert read.body == given.body
    for field in NewDelivery.__struct_fields__:
        expected = getattr(given, field)
        assert getattr(read, field) == expected, field


async def test_deliveries_of_every_size_share_a_group_and_stay_apart(log):
    """Empty, short, compressed, and so long that it is packed beside the loop."""
    bodies = [b"", b"a", b"", os.urandom(2048), os.urandom(2049), os.urandom(300 << 10), b"z", b""]
    sent = [a_delivery(body, path="p" * place) for place, body in enumerate(bodies)]
    given = await asyncio.gather(*(log.append([one]) for one in sent), log.append(sent[::-1]))
    found = {one.seq: one for one in await log.read(0, 100)}
    assert [found[seq].body for seqs in given[:-1] for seq in seqs] == bodies
    assert [(found[seq].id, found[seq].path) for seq in given[-1]] == [
        (one.id, one.path) for one in sent[::-1]
    ]


async def test_seqs_rise_without_holes_and_reads_follow_them(log):
    seqs = []
    for count in (1, 3, 100, 64, 65):
        seqs += await log.append([a_delivery() for _ in range(count)])
    assert seqs == list(range(seqs[0], seqs[0] + 233))
    assert [d.seq for d in await log.read(seqs[9], 5)] == seqs[10:15]


async def test_a_hundred_parallel_appends_are_all_there(log):
    same = a_delivery(b"same")
    results = await asyncio.gather(*(log.append([same]) for _ in range(100)))
    assert len({seq for [seq] in results}) == 100
    assert len(await log.read(0, 1000)) == 100


async def test_all_that_wait_share_a_commit_and_half_is_told_before_the_next(log, monkeypatch):
    happened = []
    appender = log._appender
    commit, tell = appender._rows.commit, appender._tell

    async def counted(rows):
        happened.append(("commit", len(rows)))
        return await commit(rows)

    def heard(group, first, error):
        happened.append(("told", sum(waiting.count for waiting in group)))
        return tell(group, first, error)

    monkeypatch.setattr(appender._rows, "commit", counted)
    monkeypatch.setattr(appender, "_tell", heard)
    seqs: dict[int, int] = {}
    is_over = asyncio.Event()

    def told(count):
        def take(first, error):
            assert error is None
            seqs[count] = first
            if count == 1:  # who is told sends again
                log.submit([a_delivery() for _ in range(6)], told(6))
            elif len(seqs) == 6:
                is_over.set()

        return take

    for count in (1, 2, 3, 4, 5):
        log.submit([a_delivery() for _ in range(count)], told(count))
    await asyncio.wait_for(is_over.wait(), 10)
    assert happened[:4] == [("commit", 15), ("told", 6), ("commit", 6), ("told", 9)]
    begin = seqs[1]
    assert seqs == {
        1: begin,
        2: begin + 1,
        3: begin + 3,
        4: begin + 6,
        5: begin + 10,
        6: begin + 15,
    }
    assert log.newest_seq == begin + 20
    assert len(await log.read(0, 100)) == 21


async def test_a_read_stops_at_its_byte_limit_but_gives_at_least_one(log):
    await log.append([a_delivery(os.urandom(3000)) for _ in range(5)])
    assert len(await log.read(0, 10, max_bytes=1)) == 1
    assert len(await log.read(0, 10, max_bytes=6000)) == 2


async def test_reads_go_across_days(log, clock):
    [first] = await log.append([a_delivery()])
    clock.moment += timedelta(days=1)
    [second] = await log.append([a_delivery()])
    assert second >> 36 == (first >> 36) + 1
    assert [d.seq for d in await log.read(0, 10)] == [first, second]
    assert [d.seq for d in await log.read(first, 10)] == [second]


async def test_a_clock_that_steps_back_never_leads_back_to_an_earlier_day(opens, clock):
    log = await opens()
    clock.moment += timedelta(days=2)
    [newest] = await log.append([a_delivery()])
    clock.moment -= timedelta(days=2)
    assert await log.append([a_delivery()]) == [newest + 1]
    await log.close()
    log = await opens()
    assert log.newest_seq == newest + 1
    assert await log.append([a_delivery()]) == [newest + 2]
    await log.close()


async def test_a_reopened_log_continues_after_its_newest(opens, clock):
    log = await opens()
    seqs = await log.append([a_delivery(), a_delivery()])
    await log.close()
    clock.moment += timedelta(days=3)
    log = await opens()
    assert log.newest_seq == seqs[-1]
    [after] = await log.append([a_delivery()])
    assert after > seqs[-1]
    assert [d.seq for d in await log.read(0, 10)] == [*seqs, after]
    await log.close()


async def test_what_waits_is_looked_through_newest_first_and_without_bodies(log, clock):
    seqs = await log.append([a_delivery(b"x" * 5000) for _ in range(3)])
    clock.moment += timedelta(days=2)
    seqs += await log.append([a_delivery()])
    found = await log.read_back(seqs[-1] + 1, seqs[0], 10)
    assert [(d.seq, d.body) for d in found] == [(seq, b"") for seq in seqs[:0:-1]]
    assert [d.seq for d in await log.read_back(seqs[-1], 0, 2)] == [seqs[2], seqs[1]]


async def test_a_delivery_is_found_by_seq_and_by_id(log, clock):
    given = a_delivery(b"needle")
    [seq] = await log.append([given])
    clock.moment += timedelta(days=5)
    await log.append([a_delivery()])
    assert (await log.get(seq)).id == given.id
    assert (await log.find(given.id)).seq == seq
    assert (await log.find(given.id, NOON)).seq == seq
    assert await log.find(uuid4(), NOON) is None
    assert await log.get(seq + 1) is None
    assert await log.get(1) is None


async def test_who_waits_for_news_is_woken_by_the_next_commit(log):
    assert not await log.wait_newer(0, 0.01)
    waiting = [asyncio.create_task(log.wait_newer(0, 5)) for _ in range(3)]
    await asyncio.sleep(0)
    [seq] = await log.append([a_delivery()])
    assert await asyncio.wait_for(asyncio.gather(*waiting), 20) == [True] * 3
    assert not await log.wait_newer(seq, 0)


async def test_the_backlog_counts_what_lies_above_the_noted_seq(log, clock):
    first = await log.append([a_delivery(), a_delivery()])
    assert log.backlog == 0
    log.note_read(first[0])
    assert log.backlog == 1
    clock.moment += timedelta(days=1)
    later = await log.append([a_delivery()] * 3)
    clock.moment += timedelta(days=1)
    await log.append([a_delivery()] * 2)
    assert log.backlog == 6
    log.note_read(later[1])
    assert log.backlog == 3
    log.note_read(first[0])
    assert log.backlog == 3


async def test_old_days_go_only_when_they_are_wholly_read(log, clock):
    first = await log.append([a_delivery(), a_delivery()])
    clock.moment += timedelta(days=40)
    [newest] = await log.append([a_delivery()])
    await log.read(0, 10)
    assert await log.drop_before(clock.moment) == 0
    log.note_read(first[0])
    assert await log.drop_before(clock.moment) == 0
    log.note_read(newest)
    assert await log.drop_before(clock.moment + timedelta(days=90)) == 1
    assert [d.seq for d in await log.read(0, 10)] == [newest]
    assert await log.get(first[0]) is None


async def test_a_full_queue_refuses_at_once_and_keeps_nothing(opens, clock):
    log = await opens(max_waiting=10)
    results = await asyncio.gather(
        *(log.append([a_delivery()]) for _ in range(30)), return_exceptions=True
    )
    kept = [r for r in results if isinstance(r, list)]
    assert len(kept) == 10
    assert all(isinstance(r, LogFull) for r in results if r not in kept)
    assert len(await log.read(0, 100)) == 10
    with pytest.raises(LogFull):
        await log.append([a_delivery()] * 11)
    await log.close()


async def test_bytes_that_wait_are_bounded_too(opens, clock):
    log = await opens(max_waiting_bytes=10_000)
    with pytest.raises(LogFull):
        await log.append([a_delivery(b"x" * 10_000)])
    assert await log.append([a_delivery(b"x" * 5_000)])
    await log.close()


async def test_a_closed_log_refuses(log):
    await log.append([a_delivery()])
    await log.close()
    with pytest.raises(LogUnavailable):
        await log.append([a_delivery()])


async def test_close_writes_what_waits(opens, clock):
    log = await opens()
    waiting = [asyncio.ensure_future(log.append([a_delivery()])) for _ in range(50)]
    await asyncio.sleep(0)
    await log.close()
    await asyncio.gather(*waiting)
    log = await opens()
    assert len(await log.read(0, 100)) == 50
    await log.close()


async def test_only_the_request_that_cannot_be_stored_fails(log):
    good, bad = a_delivery(), a_delivery(path="\ud800")
    results = await asyncio.gather(
        log.append([good]), log.append([bad]), log.append([good]), return_exceptions=True
    )
    assert isinstance(results[1], LogUnavailable)
    assert len(await log.read(0, 10)) == 2
