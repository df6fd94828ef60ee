"""Applies a batch: first what it says, by plain Python, then few statements per table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from mediaops_common.activity_types import activates
from mediaops_common.audience import actor_key, append, clear_bits, number_actors
from mediaops_common.consumer import Batch
from mediaops_common.events import Activity, ActivityRecorded, ActivityRetracted
from mediaops_common.zones import day_number
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_crm.actors import service as actors
from mediaops_crm.actors.service import Identity, Name, Seen, Telling, Track
from mediaops_crm.database import AUDIENCE
from mediaops_crm.days import service as days
from mediaops_crm.lifecycle import service as lifecycle

__all__ = ["Gathered", "apply", "gather"]

Mark = tuple[UUID, int]
"""(channel, local day)."""

MAX_NAME = 500


@dataclass
class Gathered:
    """What a batch says of one workspace. Actors are numbered in the order they appear."""

    workspace_id: UUID
    timezone: str
    numbers: dict[Identity, int] = field(default_factory=dict)
    active: dict[Mark, set[int]] = field(default_factory=dict)
    inactive: dict[Mark, set[int]] = field(default_factory=dict)
    names: dict[int, Name] = field(default_factory=dict)
    mended: dict[int, list[Telling]] = field(default_factory=dict)
    """Of actors of whom a name was taken back or came by a replay: every telling, in order. Of the
    others the newest name says it all."""
    causes: dict[int, UUID] = field(default_factory=dict)
    """The last activity of each actor: what its change of state is put down to."""
    keys: list[bytes] = field(default_factory=list)
    """The audience's key of each actor."""
    days: dict[int, set[int]] = field(default_factory=dict)
    """Day → who was active on any channel."""


def gather(batch: Batch) -> list[Gathered]:
    """What the batch says, per workspace, in its order: where an actor is marked and cleared on
    one channel and day, the last one stands. Touches no database.

    The workspaces are in the order of their ids: each is locked until the batch ends, and two
    batches that took them as they come could wait for each other in a circle.
    """
    found: dict[int, Gathered] = {}
    for event in batch.events:
        if isinstance(event, ActivityRecorded):
            activity = event.activity
        elif isinstance(event, ActivityRetracted):
            activity = event.activity
            if event.remaining_active and not (activity.actor and activity.actor.name):
                continue
        else:
            continue
        if not activates(activity):
            continue
        # Hashing a UUID is a call in Python; its number is at hand.
        workspace = activity.workspace_id.int
        gathered = found.get(workspace)
        if gathered is None:
            gathered = found[workspace] = Gathered(activity.workspace_id, activity.timezone)
        _mark(gathered, activity, event if isinstance(event, ActivityRetracted) else None)
    for gathered in found.values():
        gathered.keys = [actor_key(*identity) for identity in gathered.numbers]
        for (_channel, day), numbers in gathered.active.items():
            gathered.days.setdefault(day, set()).update(numbers)
    return sorted(found.values(), key=lambda one: one.workspace_id)


def _mark(gathered: Gathered, activity: Activity, taken_back: ActivityRetracted | None) -> None:
    actor = activity.actor
    assert actor is not None  # activates() asked for it
    identity = (activity.platform, actor.id_scope, actor.external_id)
    number = gathered.numbers.setdefault(identity, len(gathered.numbers))
    day = day_number(activity.occurred_at, activity.timezone)
    mark = (activity.channel_id, day)
    gathered.causes[number] = activity.id
    if taken_back is not None:
        if actor.name:
            _mend(gathered, number, Telling((day, activity.mapping_revision, None)))
        if not taken_back.remaining_active:
            gathered.inactive.setdefault(mark, set()).add(number)
            if mark in gathered.active:
                gathered.active[mark].discard(number)
        return
    marked = gathered.active.get(mark)
    if marked is None:
        marked = gathered.active[mark] = set()
    marked.add(number)
    if gathered.inactive and mark in gathered.inactive:
        gathered.inactive[mark].discard(number)
    if actor.name:
        name = (day, activity.mapping_revision, actor.name[:MAX_NAME])
        if activity.known_at is not None or number in gathered.mended:
            _mend(gathered, number, Telling(name, activity.known_at is not None))
            return
        known = gathered.names.get(number)
        if known is None or name > known:
            gathered.names[number] = name


def _mend(gathered: Gathered, number: int, telling: Telling) -> None:
    """From here on it matters in which order this actor's names are told and taken back."""
    tellings = gathered.mended.get(number)
    if tellings is None:
        before = gathered.names.pop(number, None)
        tellings = gathered.mended[number] = [] if before is None else [Telling(before)]
    tellings.append(telling)


async def apply(session: AsyncSession, batch: Batch) -> None:
    """Applies what was gathered, in the batch's transaction."""
    gathered: list[Gathered] = batch.prepared if batch.prepared is not None else gather(batch)
    for one in gathered:
        await _apply(session, batch, one)


async def _apply(session: AsyncSession, batch: Batch, gathered: Gathered) -> None:
    generation, workspace_id = batch.projection.generation, gathered.workspace_id
    key = (generation, workspace_id)
    by_key = await number_actors(session, AUDIENCE, *key, gathered.keys)
    ordinals = [by_key[one] for one in gathered.keys]
    active = _cells(workspace_id, gathered.active, ordinals)
    inactive = _cells(workspace_id, gathered.inactive, ordinals)
    await append(session, AUDIENCE, generation, active)
    gone: set[int] = set()
    if inactive:
        for bits in (await clear_bits(session, AUDIENCE, generation, inactive)).values():
            gone.update(bits)
    seen = Seen(list(gathered.numbers), ordinals, gathered.days, gathered.names, gathered.mended)
    tracks = await actors.tracks(session, *key, seen, gone)
    if gone:
        await actors.recount(session, *key, {o: tracks[o] for o in gone})
    await actors.save(session, *key, tracks)
    if batch.projection.is_live:
        await days.touch(session, workspace_id, _touched(active, inactive, tracks))
        today = day_number(batch.now, gathered.timezone)
        causes = {o: gathered.causes[n] for n, o in enumerate(ordinals) if o in tracks}
        await _announce(session, generation, workspace_id, tracks, causes, today)


def _cells(
    workspace_id: UUID, marks: Mapping[Mark, set[int]], ordinals: list[int]
) -> dict[tuple[UUID, UUID, int], list[int]]:
    return {
        (workspace_id, channel_id, day): [ordinals[number] for number in numbers]
        for (channel_id, day), numbers in marks.items()
        if numbers
    }


def _touched(
    active: Iterable[tuple[UUID, UUID, int]],
    inactive: Iterable[tuple[UUID, UUID, int]],
    tracks: Mapping[int, Track],
) -> set[int]:
    """The days with other people in them; and those that gained or lost somebody's first day."""
    touched = {day for cells in (active, inactive) for _workspace, _channel, day in cells}
    for track in tracks.values():
        before, after = track.before, track.after
        if before is not None and (after is None or after.first != before.first):
            touched.add(before.first)
            if after is not None:
                touched.add(after.first)
    return touched


async def _announce(
    session: AsyncSession,
    generation: int,
    workspace_id: UUID,
    tracks: Mapping[int, Track],
    causes: Mapping[int, UUID],
    today: int,
) -> None:
    """Tells of those whose state may be another than was told. What was told is the state before
    the batch, as of today or as of the last day that the clock has brought to everybody."""
    reached, _generation = (await lifecycle.days_reached(session)).get(workspace_id, (today, 0))
    moved = {}
    for ordinal, track in tracks.items():
        if track.before == track.after:
            continue
        now = lifecycle.state_of(track.after, today)
        if (
            track.before is None
            or now != lifecycle.state_of(track.before, today)
            or (reached != today and now != lifecycle.state_of(track.before, reached))
        ):
            moved[ordinal] = now
    if not moved:
        return
    profiles = await actors.profile_ids(session, generation, workspace_id, moved.keys())
    states = {profile: moved[ordinal] for ordinal, profile in profiles.items()}
    why = {profile: causes[ordinal] for ordinal, profile in profiles.items()}
    await lifecycle.announce(session, workspace_id, states, today, why)
