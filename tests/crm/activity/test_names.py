"""Whose name is shown: the newest that is told, and none that was taken back."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mediaops_common.events import Activity, ActivityRecorded, ActivityRetracted, Event
from mediaops_crm.actors.models import ActorDays
from msgspec.structs import replace
from sqlalchemy import select

from tests.builders import channel
from tests.crm.builders import an_activity, recorded, retracted
from tests.crm.histories import checked
from tests.crm.running import RunningCrm, get

pytestmark = pytest.mark.databases("sqlite", "postgresql")

DAY = date(2026, 11, 20)
LATER = timedelta(days=1)
REPLAY = datetime(2026, 11, 22, 9, tzinfo=UTC)
PHONE = "13800138000"


async def name_of(client: httpx.AsyncClient, who: str = "ada") -> str | None:
    (found,) = (await get(client, "/profiles", identity=f"douyin:{who}"))["items"]
    (identity,) = found["identities"]
    return identity["name"]


def mended(who: str = "ada", at: date = DAY, **more: Any) -> ActivityRecorded:
    """What a replay brings under a newer mapping."""
    return recorded(who, at, **{"known_at": REPLAY, "mapping_revision": 2, **more})


def told(activity: Activity) -> ActivityRecorded:
    return ActivityRecorded(activity=activity)


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("remaining", [0, 1])
async def test_a_mended_name_replaces_the_wrong_one_also_on_an_earlier_day(
    crm: RunningCrm, acme: httpx.AsyncClient, together: bool, remaining: int
) -> None:
    wrong = an_activity("ada", DAY + LATER, name=PHONE, mapping_revision=1)
    await crm.apply(told(wrong), recorded("ada", DAY + LATER))
    assert await name_of(acme) == PHONE
    events: list[Event] = [retracted(wrong, remaining=remaining), mended(name="小王")]
    if together:
        await crm.apply(*events)
    else:
        await crm.apply(events[0])
        await crm.apply(recorded("ada", DAY + 2 * LATER))
        assert await name_of(acme) is None, "unknown until it is told again"
        await crm.apply(events[1])
    assert await name_of(acme) == "小王"


@pytest.mark.parametrize("remaining", [0, 1])
async def test_a_name_that_is_not_told_any_more_is_forgotten(
    crm: RunningCrm, acme: httpx.AsyncClient, remaining: int
) -> None:
    wrong = an_activity("ada", DAY, name=PHONE, mapping_revision=1)
    await crm.apply(told(wrong))
    await crm.apply(retracted(wrong, remaining=remaining), mended(name=None))
    assert await name_of(acme) is None
    assert await stored_names(crm) == [None]
    await crm.apply(recorded("ada", DAY + LATER, name="小王"))
    assert await name_of(acme) == "小王"


async def test_a_second_mending_takes_back_what_the_first_one_told(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    wrong = an_activity("ada", DAY + LATER, name="1", mapping_revision=1)
    better = mended(name="2").activity
    await crm.apply(told(wrong), retracted(wrong), told(better))
    assert await name_of(acme) == "2"
    await crm.apply(retracted(better), mended(name=None, mapping_revision=3))
    assert await name_of(acme) is None


async def test_a_retraction_leaves_a_newer_name_alone(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    old = an_activity("ada", DAY, name=PHONE)
    await crm.apply(told(old), recorded("ada", DAY + LATER, name="小王"))
    await crm.apply(retracted(old))
    assert await name_of(acme) == "小王"


async def test_a_retraction_that_tells_no_name_leaves_the_name_alone(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    nameless = an_activity("ada", DAY)
    await crm.apply(told(nameless), recorded("ada", DAY, name="小王"))
    await crm.apply(retracted(nameless, remaining=1))
    assert await name_of(acme) == "小王"


async def test_what_was_forgotten_stays_so_whatever_channel_comes_first(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    wrong = an_activity("ada", DAY + LATER, name=PHONE)
    other = recorded("ada", DAY, name="Ada", on=channel("side"))
    here: list[Event] = [told(wrong), recorded("ada", DAY + LATER), retracted(wrong, remaining=1)]
    await crm.apply(other, *here)
    assert await name_of(acme) is None
    await crm.swap(1)
    for generation, events in enumerate(([*here, other], [here[0], other, *here[1:]]), 2):
        for event in events:
            await crm.apply(event, generation=generation)
        await crm.swap(generation)
        assert await name_of(acme) is None


async def stored_names(crm: RunningCrm) -> list[str | None]:
    async with crm.runtime.database.read() as session:
        connection = await session.connection()
        names = ActorDays.__table__.c.name  # type: ignore[attr-defined]
        return list((await connection.execute(select(names))).scalars())


@st.composite
def lanes(draw: st.DrawFn) -> list[Event]:
    """The acts of one person on one channel, some of which replays take back and replace."""
    events: list[Event] = []
    standing: list[Activity] = []
    for step in range(draw(st.integers(1, 14))):
        fields: dict[str, Any] = {"mapping_revision": step // 5}
        if standing and draw(st.booleans()):
            old = standing.pop(draw(st.integers(0, len(standing) - 1)))
            events.append(retracted(old, remaining=draw(st.integers(0, 1))))
            if draw(st.booleans()):
                continue
            fields = {"mapping_revision": step, "known_at": REPLAY}
        name = draw(st.sampled_from([None, "Ada", "Bo"]))
        at = DAY - draw(st.integers(0, 3)) * LATER
        standing.append(an_activity("ada", at, name=name, **fields))
        events.append(told(standing[-1]))
    # Who is shown was active, and an act without a name tells nothing of it.
    return [*events, recorded("ada", DAY)]


def of_another(who: str, event: Event) -> Event:
    assert isinstance(event, ActivityRecorded | ActivityRetracted)
    assert event.activity.actor is not None
    actor = replace(event.activity.actor, external_id=who)
    return replace(event, activity=replace(event.activity, actor=actor))


@pytest.mark.slow
@pytest.mark.databases("sqlite")
@checked(20)
@given(lanes(), st.data())
async def test_the_name_does_not_depend_on_how_a_lane_is_cut(
    crm: RunningCrm, lane: list[Event], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(lane)), max_size=5)))
    names = []
    for bounds in (range(len(lane) + 1), [0, *cuts, len(lane)], [0, len(lane)]):
        who = uuid4().hex
        for begin, end in pairwise(bounds):
            await crm.apply(*(of_another(who, event) for event in lane[begin:end]))
        names.append(await name_of(crm.client(), who))
    assert len(set(names)) == 1, names
