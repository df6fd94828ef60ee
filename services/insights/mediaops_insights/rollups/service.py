"""Counts activities into rollups, and answers questions from them."""

from collections.abc import Collection
from datetime import datetime, timedelta
from operator import add
from uuid import UUID

from mediaops_common.aside import aside
from mediaops_common.consumer import Batch
from mediaops_common.db import Database
from mediaops_common.failpoints import hit
from mediaops_common.projections import live_generation
from sqlalchemy import Table
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.names import service as names
from mediaops_insights.names.service import ContentNumbers, Contents, Kind
from mediaops_insights.rollups import repository
from mediaops_insights.rollups.cells import Sheet, add_up
from mediaops_insights.rollups.levels import distribute, plan
from mediaops_insights.rollups.models import MONEY, ROLLUPS, Level
from mediaops_insights.rollups.questions import Money, Question, Tally, with_currency
from mediaops_insights.rollups.rows import Numbers, rows_of
from mediaops_insights.rollups.told import Told

__all__ = [
    "HOURS_KEPT",
    "MINUTES_KEPT",
    "Money",
    "Question",
    "Sheet",
    "Tally",
    "contents_of",
    "count",
    "ever",
    "finish_minutes",
    "forget_old",
    "money",
    "newest_minutes",
    "sheet_of",
    "tallies",
    "with_currency",
]

MINUTES_KEPT = timedelta(days=14)
HOURS_KEPT = timedelta(days=400)

NEWEST_MINUTES = 3
"""So many minutes, the one that runs included, are not over: what is live falls into them."""
OVER_MINUTES = NEWEST_MINUTES + 1
"""After so many a minute is added to hours and days. By then no batch writes to it any more, so
that neither waits for the other."""


def sheet_of(batch: Batch) -> Sheet:
    """The sum of the batch: no database, so it runs before the transaction and in a thread."""
    oldest = int((batch.now - MINUTES_KEPT).timestamp() // 60)
    newest = int(batch.now.timestamp() // 60) - NEWEST_MINUTES + 1
    return add_up(batch.recorded, batch.retracted, oldest, newest)


def contents_of(sheet: Sheet) -> Contents:
    """The contents that the sheet counts anything of."""
    wanted: list[list[str]] = [[] for _channel in sheet.channels]
    for channel, external_id in sheet.contents[1:]:
        wanted[channel].append(external_id)
    return {
        (sheet.workspaces[workspace], channel_id): external_ids
        for (workspace, channel_id), external_ids in zip(sheet.channels, wanted, strict=True)
        if external_ids
    }


async def count(
    session: AsyncSession, sheet: Sheet, contents: ContentNumbers, generation: int
) -> None:
    """Adds the sheet to the rollups of this generation; `contents` has the numbers of its own."""
    if len(sheet.workspaces) > 1:
        numbers = await _numbers(session, sheet, contents)
        cells = sum(len(cells) for spans in (sheet.days, sheet.newest) for cells in spans.values())
        await repository.add(session, await aside(cells, rows_of, sheet, numbers, generation))


async def _numbers(session: AsyncSession, sheet: Sheet, contents: ContentNumbers) -> Numbers:
    workspaces = [str(workspace_id) for workspace_id in sheet.workspaces[1:]]
    channels = [str(channel_id) for _workspace, channel_id in sheet.channels[1:]]
    types, regions = sheet.types[1:], sheet.regions[1:]
    of_workspace = await names.number_names(session, Kind.workspace, workspaces)
    of_channel = await names.number_names(session, Kind.channel, channels)
    of_type = await names.number_names(session, Kind.type, types)
    of_region = await names.number_names(session, Kind.region, regions)
    return Numbers(
        workspaces=[0, *(of_workspace[name] for name in workspaces)],
        channels=[0, *(of_channel[name] for name in channels)],
        contents=_content_numbers(sheet, contents),
        types=[0, *(of_type[name] for name in types)],
        regions=[0, *(of_region[name] for name in regions)],
    )


def _content_numbers(sheet: Sheet, contents: ContentNumbers) -> list[int]:
    by_channel = [contents.get(channel_id, {}) for _workspace, channel_id in sheet.channels]
    return [0, *(by_channel[channel][text] for channel, text in sheet.contents[1:])]


async def tallies(session: AsyncSession, workspace_id: UUID, question: Question) -> list[Tally]:
    """The sums asked for; those in which nothing ever was counted are absent."""
    workspace = await names.known_number(session, Kind.workspace, str(workspace_id))
    within = await _within(session, workspace_id, question)
    if workspace is None or any(not allowed for allowed in within.values()):
        return []
    generation = await live_generation(session)
    sums = []
    for part in plan(question):
        rows = await repository.sums(
            session,
            question.granularity,
            generation,
            workspace,
            part.level,
            (question.first, question.last),
            part.by,
            {name: allowed for name, allowed in within.items() if name in part.names},
        )
        sums.append((part, rows))
    rows_read = sum(len(rows) for _part, rows in sums)
    cells = await aside(rows_read, distribute, sums, question.by)
    told = await Told.of(session, cells)
    return await aside(rows_read, told.tallies, cells)


async def money(session: AsyncSession, workspace_id: UUID, question: Question) -> list[Money]:
    """The sums of money asked for."""
    workspace = await names.known_number(session, Kind.workspace, str(workspace_id))
    within: dict[str, Collection[object]] = {}
    within |= await _within(session, workspace_id, question)
    if question.currencies is not None:
        within["currency"] = question.currencies
    if workspace is None or any(not allowed for allowed in within.values()):
        return []
    by = [n for n in ("currency", "channel", "content", "type", "region") if n in question.by]
    rows = await repository.money_sums(
        session,
        question.granularity,
        await live_generation(session),
        workspace,
        (question.first, question.last),
        by,
        within,
    )
    cells = {}
    for row in rows:
        given = dict(zip(by, row[1 : 1 + len(by)], strict=True))
        place = tuple(given.get(n, 0) for n in ("channel", "content", "type", "region"))
        cells[row[0], *place, given.get("currency")] = list(row[1 + len(by) :])
    told = await Told.of(session, cells)
    return [
        Money(key[0], key[5], *told.names(*key[1:5]), *counts)
        for key, counts in sorted(cells.items(), key=lambda cell: cell[0][:5])
    ]


async def ever(
    session: AsyncSession, workspace_id: UUID, contents: Collection[tuple[int, UUID]]
) -> dict[int, dict[str, Tally]]:
    """Of contents (number, channel): by type, what was ever counted."""
    workspace = await names.known_number(session, Kind.workspace, str(workspace_id))
    channel_ids = {str(channel_id) for _number, channel_id in contents}
    channels = await names.known_numbers(session, Kind.channel, channel_ids)
    if workspace is None or not channels:
        return {}
    rows = await repository.sums(
        session,
        "ever",
        await live_generation(session),
        workspace,
        Level.content,
        (0, 0),
        ("content", "type"),
        {"channel": set(channels.values()), "content": {number for number, _channel in contents}},
    )
    types = await names.texts(session, {row.type for row in rows})
    found: dict[int, dict[str, Tally]] = {}
    for row in rows:
        tallies, type_ = found.setdefault(row.content, {}), types[row.type]
        known = tallies.get(type_, Tally(0, None, None, type_, None, 0, 0, 0, 0, 0))
        tallies[type_] = Tally(*known[:5], *map(add, known[5:], row[3:]))
    return found


async def newest_minutes(
    session: AsyncSession, workspace_id: UUID, now: datetime, limit: int
) -> list[Tally]:
    """The newest minutes in which something stands, by channel and type, newest first."""
    workspace = await names.known_number(session, Kind.workspace, str(workspace_id))
    if workspace is None:
        return []
    rows = await repository.newest_minutes(
        session,
        await live_generation(session),
        workspace,
        int(now.timestamp() // 60) + 1440,
        limit,
    )
    texts = await names.texts(session, {row.channel for row in rows} | {row.type for row in rows})
    return [
        Tally(
            row.bucket,
            UUID(texts[row.channel]),
            None,
            texts[row.type],
            None,
            row.n,
            row.total,
            0,
            0,
            0,
        )
        for row in rows
    ]


async def finish_minutes(database: Database, now: datetime) -> None:
    """Adds the minutes that are over to hours, days and all time, one level of one in each
    transaction."""
    before = int(now.timestamp() // 60) - OVER_MINUTES + 1
    async with database.read() as session:
        generations = await repository.generations(session)
        parts = await repository.minutes_over(session, generations, before)
    for part in parts:
        async with database.write() as session:
            await repository.move_minute(session, part)


async def forget_old(database: Database, now: datetime) -> None:
    """Drops minutes and hours past their time, in slices of a day."""
    async with database.read() as session:
        workspaces = await names.all_numbers(session, Kind.workspace)
        generations = await repository.generations(session)
    minutes = int((now - MINUTES_KEPT).timestamp() // 60)
    hours = int((now - HOURS_KEPT).timestamp() // 60)
    for generation in generations:
        for workspace in workspaces:
            for level in Level:
                part = (generation, workspace, level)
                await _forget(database, ROLLUPS["minute"], part, minutes)
                await _forget(database, ROLLUPS["hour"], part, hours)
            await _forget(database, MONEY["hour"], (generation, workspace, None), hours)


async def _forget(
    database: Database, table: Table, part: tuple[int, int, Level | None], end: int
) -> None:
    """Drops what lies before the minute `end`, a day at a time: writers wait for no long delete."""
    while True:
        async with database.read() as session:
            oldest = await repository.oldest_bucket(session, table, *part)
        if oldest is None or oldest >= end:
            return
        async with database.write() as session:
            await repository.drop_before(session, table, *part, min(oldest + 1440, end))
            hit("insights.retention.in_transaction")


async def _within(
    session: AsyncSession, workspace_id: UUID, question: Question
) -> dict[str, Collection[int]]:
    """The filters as numbers; a name that was never met matches nothing."""
    within: dict[str, Collection[int]] = {}
    if question.channels is not None:
        wanted = {str(channel_id) for channel_id in question.channels}
        within["channel"] = (await names.known_numbers(session, Kind.channel, wanted)).values()
    if question.contents is not None:
        within["content"] = await names.matching_contents(session, workspace_id, question.contents)
    if question.types is not None:
        within["type"] = (await names.known_numbers(session, Kind.type, question.types)).values()
    if question.regions is not None:
        found = await names.known_numbers(session, Kind.region, question.regions)
        within["region"] = found.values()
    return within
