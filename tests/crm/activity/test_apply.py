"""What a batch does to the read models, seen through the API."""

import asyncio
from datetime import date, timedelta

import httpx
import pytest
from mediaops_common.ids import workspace_id
from mediaops_crm.activity.jobs import FOLD_DELTAS
from mediaops_crm.database import AUDIENCE
from sqlalchemy import func, select

from tests.builders import channel, noon
from tests.crm.builders import an_activity, recorded, retracted
from tests.crm.running import RunningCrm, get
from tests.locks import waits

pytestmark = pytest.mark.databases("sqlite", "postgresql")

DAY = date(2026, 11, 20)


async def dau(client: httpx.AsyncClient, day: date = DAY, channel_id=None) -> int:
    found = await get(client, "/stickiness", from_=day, to=day, channel_id=channel_id)
    return found["items"][0]["dau"]


async def one_profile(client: httpx.AsyncClient, who: str = "ada") -> dict:
    (found,) = (await get(client, "/profiles", identity=f"douyin:{who}"))["items"]
    return found


async def test_the_same_person_on_two_channels_counts_once(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    await crm.apply(recorded("ada", DAY), recorded("ada", DAY, on=channel("side")))
    assert await dau(acme) == 1
    assert await dau(acme, channel_id=channel("main")) == 1
    assert await dau(acme, channel_id=channel("side")) == 1


@pytest.mark.parametrize(
    "silent",
    [
        {"type": "follow.removed"},
        {"type": "like.removed"},
        {"type": "order.created"},
        {"by_channel": True},
    ],
)
async def test_what_makes_nobody_active_makes_no_profile(
    crm: RunningCrm, acme: httpx.AsyncClient, silent: dict
) -> None:
    await crm.apply(recorded("ada", DAY, **silent), recorded(None, DAY))
    assert await dau(acme) == 0
    assert (await get(acme, "/profiles"))["items"] == []


async def test_a_late_activity_lands_on_its_day_and_may_be_the_first(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    await crm.apply(recorded("ada", DAY))
    await crm.apply(recorded("ada", DAY - timedelta(days=80)))
    assert await dau(acme, DAY - timedelta(days=80)) == 1
    profile = await one_profile(acme)
    assert profile["first_active"] == "2026-09-01"
    assert profile["last_active"] == "2026-11-20"


async def test_days_are_those_of_the_activitys_zone(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    await crm.apply(recorded("ada", noon(DAY, "UTC") + timedelta(hours=4)))  # midnight there
    assert await dau(acme) == 0
    assert await dau(acme, DAY + timedelta(days=1)) == 1


async def test_a_retraction_clears_the_day_only_where_nothing_else_stands(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    here, there = an_activity("ada", DAY), an_activity("ada", DAY, on=channel("side"))
    await crm.apply(recorded("bob", DAY), recorded("ada", DAY, on=channel("side")))
    await crm.apply(*(recorded("ada", DAY, id=one.id, on=one.channel_id) for one in (here, there)))
    await crm.apply(retracted(here))
    assert await dau(acme) == 2
    assert await dau(acme, channel_id=channel("main")) == 1
    await crm.apply(retracted(there, remaining=1))
    assert await dau(acme, channel_id=channel("side")) == 1


async def test_whose_every_activity_was_retracted_was_never_there(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    activity = an_activity("ada", DAY)
    await crm.apply(recorded("ada", DAY, id=activity.id))
    profile = await one_profile(acme)
    await crm.apply(retracted(activity))
    assert (await get(acme, "/profiles"))["items"] == []
    assert (await acme.get(f"/crm/v1/profiles/{profile['id']}")).status_code == 404
    assert (await get(acme, "/retention", from_=DAY, to=DAY))["items"] == []
    await crm.apply(recorded("ada", DAY))
    assert (await one_profile(acme)) == profile


async def test_in_one_batch_the_last_word_on_a_day_stands(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    wrong = an_activity("ada", DAY)
    await crm.apply(recorded("ada", DAY, id=wrong.id), retracted(wrong), recorded("ada", DAY))
    assert await dau(acme) == 1
    await crm.apply(recorded("bob", DAY, id=wrong.id), retracted(an_activity("bob", DAY)))
    assert await dau(acme) == 1


async def test_a_retraction_of_an_unknown_actor_does_nothing(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    await crm.apply(retracted(an_activity("nobody", DAY)))
    assert (await get(acme, "/profiles"))["items"] == []


async def test_the_newest_name_stands_whatever_arrives_last(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    await crm.apply(recorded("ada", DAY, name="Ada L."))
    await crm.apply(recorded("ada", DAY - timedelta(days=1), name="Ada"))
    await crm.apply(recorded("ada", DAY))
    assert (await one_profile(acme))["identities"][0]["name"] == "Ada L."
    await crm.apply(recorded("ada", DAY, name="阿达", mapping_revision=2))
    await crm.apply(recorded("ada", DAY, name="Zoe", mapping_revision=1))
    assert (await one_profile(acme))["identities"][0]["name"] == "阿达"


async def test_one_batch_may_hold_several_workspaces(
    crm: RunningCrm, acme: httpx.AsyncClient, globex: httpx.AsyncClient
) -> None:
    foreign = {"workspace": "globex", "on": channel("foreign")}
    await crm.apply(
        recorded("ada", DAY), recorded("ada", DAY, **foreign), recorded("bob", DAY, **foreign)
    )
    assert await dau(acme) == 1
    assert await dau(globex) == 2


async def test_folding_leaves_every_answer_as_it_was(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    for number in range(30):
        await crm.apply(recorded(f"u{number}", DAY))
    before = await get(acme, "/stickiness", from_=DAY, to=DAY)
    await crm.run(FOLD_DELTAS)
    async with crm.runtime.database.read() as session:
        connection = await session.connection()
        left = await connection.execute(select(func.count()).select_from(AUDIENCE.delta))
        assert left.scalar_one() == 0
    assert await get(acme, "/stickiness", from_=DAY, to=DAY) == before
    assert before["items"][0]["dau"] == 30


@pytest.mark.databases("postgresql")
async def test_two_batches_of_the_same_workspaces_wait_for_each_other_in_no_circle(
    crm: RunningCrm,
) -> None:
    database = crm.runtime.database
    first, second = sorted(("acme", "globex"), key=workspace_id)
    async with database.write() as session:
        await crm.apply_within(session, recorded("ada", DAY, workspace=first))
        both = (recorded("bob", DAY, workspace=slug) for slug in (second, first))
        other = asyncio.create_task(crm.apply(*both))
        assert await waits(database, other)
        await crm.apply_within(session, recorded("ada", DAY, workspace=second))
    await other
    for slug in (first, second):
        assert await dau(crm.client(slug)) == 2
