"""Gives names their numbers, and numbers their names."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import event
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.names import repository
from mediaops_insights.names.models import Kind
from mediaops_insights.names.repository import ContentKey

__all__ = [
    "ContentKey",
    "ContentNumbers",
    "Contents",
    "Kind",
    "all_numbers",
    "content_texts",
    "known_number",
    "known_numbers",
    "matching_contents",
    "newest_contents",
    "number_contents",
    "number_names",
    "texts",
]

Contents = dict[tuple[UUID, UUID], list[str]]
"""(workspace, channel) → external ids."""

ContentNumbers = Mapping[UUID, Mapping[str, int]]
"""Channel → external id → number."""

all_numbers = repository.all_numbers
known_numbers = repository.numbers
newest_contents = repository.newest_contents

MOST = 200_000
"""Names remembered of each sort before all are forgotten: a bound for the memory, never reached by
most installations."""


@dataclass
class _Memory:
    """What this process knows of one database. Only what was committed gets in."""

    names: dict[Kind, dict[str, int]] = field(default_factory=lambda: {kind: {} for kind in Kind})
    texts: dict[int, str] = field(default_factory=dict)
    contents: dict[UUID, dict[str, int]] = field(default_factory=dict)
    content_texts: dict[int, str] = field(default_factory=dict)


_memories: "WeakKeyDictionary[Any, _Memory]" = WeakKeyDictionary()


def _memory(session: AsyncSession) -> _Memory:
    engine = session.get_bind()
    known = _memories.get(engine)
    if known is None:
        known = _memories[engine] = _Memory()
    return known


def _after_commit(session: AsyncSession, learn: Callable[[], None]) -> None:
    """Remembers what was given in this transaction once it is there to stay."""

    def remember(_session: Any) -> None:
        learn()

    event.listen(session.sync_session, "after_commit", remember, once=True)


def _learn(known: dict[Any, Any], learnt: Mapping[Any, Any]) -> None:
    if len(known) + len(learnt) > MOST:
        known.clear()
    known.update(learnt)


async def number_names(session: AsyncSession, kind: Kind, wanted: Iterable[str]) -> dict[str, int]:
    """The number of every name; new ones get one, in this transaction."""
    known = _memory(session).names[kind]
    found = {text: known.get(text) for text in wanted}
    missing = [text for text, number in found.items() if number is None]
    if missing:
        given = await repository.numbers(session, kind, missing)
        new = [text for text in missing if text not in given]
        if new:
            await repository.insert_names(session, kind, new)
            given |= await repository.numbers(session, kind, new)
        found.update(given)
        _after_commit(session, lambda: _learn(known, given))
    return {text: number for text, number in found.items() if number is not None}


async def number_contents(session: AsyncSession, wanted: Contents) -> ContentNumbers:
    """The number of every content, and perhaps of more; new ones get one, in this transaction,
    which calls this once: who numbers them in parts locks them in no order."""
    known = _memory(session).contents
    missing: list[ContentKey] = []
    found: dict[UUID, dict[str, int]] = {}
    for (workspace_id, channel_id), external_ids in wanted.items():
        of_channel = found[channel_id] = known.get(channel_id, {})
        missing += [
            (workspace_id, channel_id, text) for text in external_ids if text not in of_channel
        ]
    if missing:
        given = await _given(session, missing)
        new = [key for key in missing if key not in given]
        if new:
            await repository.insert_contents(session, new)
            given |= await _given(session, new)
        learnt: dict[UUID, dict[str, int]] = {}
        for (_workspace_id, channel_id, text), number in given.items():
            learnt.setdefault(channel_id, {})[text] = number
        found |= {channel: found[channel] | added for channel, added in learnt.items()}
        _after_commit(session, lambda: _learn_contents(known, learnt))
    return found


def _learn_contents(
    known: dict[UUID, dict[str, int]], learnt: Mapping[UUID, dict[str, int]]
) -> None:
    if sum(map(len, known.values())) > MOST:
        known.clear()
    for channel_id, added in learnt.items():
        known.setdefault(channel_id, {}).update(added)


async def _given(session: AsyncSession, keys: Collection[ContentKey]) -> dict[ContentKey, int]:
    by_workspace: dict[UUID, set[str]] = {}
    for workspace_id, _channel_id, external_id in keys:
        by_workspace.setdefault(workspace_id, set()).add(external_id)
    found: dict[ContentKey, int] = {}
    for workspace_id, external_ids in by_workspace.items():
        rows = await repository.content_numbers(session, workspace_id, external_ids)
        found |= {(workspace_id, *key): number for key, number in rows.items()}
    wanted = set(keys)
    return {key: number for key, number in found.items() if key in wanted}


async def known_number(session: AsyncSession, kind: Kind, text: str) -> int | None:
    """The number of a name; None for one that was never met."""
    return (await known_numbers(session, kind, [text])).get(text)


async def matching_contents(
    session: AsyncSession, workspace_id: UUID, external_ids: Collection[str]
) -> list[int]:
    """The numbers of the workspace's contents with one of these ids, on whatever channel."""
    found = await repository.content_numbers(session, workspace_id, external_ids)
    return sorted(found.values())


async def texts(session: AsyncSession, wanted: Iterable[int]) -> dict[int, str]:
    """The names of numbers that a rollup holds."""
    return await _told(session, _memory(session).texts, repository.texts, wanted)


async def content_texts(session: AsyncSession, wanted: Iterable[int]) -> dict[int, str]:
    """The external ids of contents that a rollup holds."""
    return await _told(session, _memory(session).content_texts, repository.content_texts, wanted)


async def _told(
    session: AsyncSession,
    known: dict[int, str],
    read: Callable[[AsyncSession, Collection[int]], Awaitable[dict[int, str]]],
    wanted: Iterable[int],
) -> dict[int, str]:
    numbers = set(wanted)
    found = {number: known[number] for number in numbers if number in known}
    missing = numbers - found.keys()
    if missing:
        read_now = await read(session, missing)
        _learn(known, read_now)
        found |= read_now
    return found
