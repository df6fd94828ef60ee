"""Profiles over HTTP."""

from datetime import date, timedelta
from uuid import uuid4

import httpx
import pytest

from tests.builders import channel
from tests.crm.builders import recorded
from tests.crm.running import RunningCrm, get

DAY = date(2026, 11, 22)


async def test_a_profile_shows_who_it_is_and_when_it_was_active(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    await crm.apply(
        *(recorded("ada", DAY - timedelta(days=d), name="小王") for d in (0, 3, 27, 28))
    )
    (found,) = (await get(acme, "/profiles", identity="douyin:ada"))["items"]
    assert found == {
        "id": found["id"],
        "identities": [
            {"platform": "douyin", "id_scope": "", "external_id": "ada", "name": "小王"}
        ],
        "first_active": "2026-10-25",
        "last_active": "2026-11-22",
        "lifecycle": "active",
        "active_days_7": 2,
        "active_days_28": 3,
    }
    page = await get(acme, f"/profiles/{found['id']}")
    assert page["active_days"] == ["2026-10-25", "2026-10-26", "2026-11-19", "2026-11-22"]


async def test_an_identity_finds_all_that_match_and_may_hold_colons(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    main, side = str(channel("main")), str(channel("side"))
    await crm.apply(
        recorded("a:b", DAY, platform="generic", scope=main),
        recorded("a:b", DAY, platform="generic", scope=side, on=channel("side")),
        recorded("a:b", DAY, platform="site"),
    )
    found = (await get(acme, "/profiles", identity="generic:a:b"))["items"]
    assert {profile["identities"][0]["id_scope"] for profile in found} == {main, side}
    assert len({profile["id"] for profile in found}) == 2
    assert (await get(acme, "/profiles", identity="generic:a"))["items"] == []


async def test_an_id_is_the_same_in_every_installation(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    await crm.apply(recorded("ada", DAY))
    (found,) = (await get(acme, "/profiles"))["items"]
    assert found["id"] == "0ed4f2d6-fda3-528f-8b4f-8bf9056a9062"


async def test_pages_show_everybody_once(crm: RunningCrm, acme: httpx.AsyncClient) -> None:
    await crm.apply(*(recorded(f"u{n}", DAY - timedelta(days=n)) for n in range(25)))
    seen: list[str] = []
    after = None
    while True:
        page = await get(acme, "/profiles", limit=10, after=after)
        seen += [profile["identities"][0]["external_id"] for profile in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert sorted(seen) == sorted(f"u{n}" for n in range(25))
    first = await get(acme, "/profiles", limit=3, lifecycle="new")
    second = await get(acme, "/profiles", limit=10, lifecycle="new", after=first["next"])
    assert len(first["items"]) == 3
    assert len(second["items"]) == 4
    assert second["next"] is None


async def test_a_foreign_profile_is_not_found(
    crm: RunningCrm, acme: httpx.AsyncClient, globex: httpx.AsyncClient
) -> None:
    await crm.apply(recorded("ada", DAY))
    (found,) = (await get(acme, "/profiles"))["items"]
    for client, profile_id in ((globex, found["id"]), (acme, uuid4())):
        answer = await client.get(f"/crm/v1/profiles/{profile_id}")
        assert answer.status_code == 404
    assert (await get(globex, "/profiles", identity="douyin:ada"))["items"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("identity=ada", "identity"),
        ("identity=:ada", "identity"),
        ("identity=douyin:", "identity"),
        ("lifecycle=asleep", "lifecycle"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("after=nonsense", "after"),
        ("after=WyJ4Il0", "after"),
        ("after=WzFd", "after"),
    ],
)
async def test_a_wrong_query_names_the_field(
    acme: httpx.AsyncClient, query: str, field: str
) -> None:
    answer = await acme.get(f"/crm/v1/profiles?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_only_who_may_read_people_does(crm: RunningCrm) -> None:
    assert (await crm.client(role="editor").get("/crm/v1/profiles")).status_code == 403
    assert (await crm.client(role="community_operator").get("/crm/v1/profiles")).status_code == 200
