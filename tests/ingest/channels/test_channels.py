"""Channels over HTTP."""

from uuid import UUID

import msgspec
import pytest
from mediaops_common.events import ChannelSaved
from mediaops_common.owner_kinds import OWNER_KINDS
from mediaops_insights.metrics.catalogue import CATALOGUE

from tests.ingest.workspaces.test_workspaces import outbox


async def test_a_connected_channel_is_told_and_shown(ingest):
    channel = await ingest.add_channel(platform="douyin", external_id="7", name=" 店 ")
    assert channel["name"] == "店"
    assert UUID(channel["id"]).version == 7
    told = (await outbox(ingest))[-1]
    assert isinstance(told, ChannelSaved)
    assert (str(told.channel_id), told.platform, told.owner_kind) == (
        channel["id"],
        "douyin",
        "organisation",
    )
    shown = await ingest.call("GET", f"/channels/{channel['id']}")
    assert (shown.json(), shown.headers["etag"]) == (channel, '"1"')


async def test_an_account_has_one_channel_in_a_workspace(ingest):
    await ingest.add_workspace("other")
    await ingest.add_channel(platform="douyin", external_id="7")
    same = {"platform": "douyin", "external_id": "7", "name": "x", "owner_kind": "individual"}
    again = await ingest.call("POST", "/channels", same)
    assert (again.status_code, again.json()["type"].rsplit("/")[-1]) == (409, "account-taken")
    await ingest.add_channel(platform="kuaishou", external_id="7")
    await ingest.add_channel("other", platform="douyin", external_id="7")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("platform", "Douyin!"),
        ("platform", "a" * 41),
        ("external_id", ""),
        ("external_id", "x" * 201),
        ("owner_kind", "robot"),
        ("id", "8ed1149f-1a0e-4b1c-8771-c9678ec41323"),
    ],
)
async def test_what_cannot_be_a_channel_is_refused_by_field(ingest, field, value):
    body = {"platform": "site", "external_id": "1", "name": "n", "owner_kind": "organisation"}
    answer = await ingest.call("POST", "/channels", body | {field: value})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_channels_are_listed_in_pages_and_by_platform(ingest):
    made = [await ingest.add_channel(platform=p) for p in ("site", "douyin", "site")]
    first = (await ingest.call("GET", "/channels?limit=2")).json()
    rest = (await ingest.call("GET", f"/channels?limit=2&after={first['next']}")).json()
    assert first["items"] + rest["items"] == made
    assert rest["next"] is None
    sites = (await ingest.call("GET", "/channels?platform=site")).json()
    assert sites["items"] == [made[0], made[2]]
    assert (await ingest.call("GET", "/channels?after=WzFd")).status_code == 422


async def test_name_and_owner_kind_can_change_by_who_saw_them(ingest):
    channel = await ingest.add_channel()
    path = f"/channels/{channel['id']}"
    assert (await ingest.call("PATCH", path, {"name": "B"})).status_code == 428
    changed = await ingest.call("PATCH", path, {"name": "B"}, headers={"If-Match": '"1"'})
    assert (changed.json()["name"], changed.json()["version"]) == ("B", 2)
    stale = await ingest.call(
        "PATCH", path, {"owner_kind": "individual"}, headers={"If-Match": '"1"'}
    )
    assert stale.status_code == 412
    assert (await outbox(ingest))[-1].name == "B"
    platform = await ingest.call("PATCH", path, {"platform": "x"}, headers={"If-Match": "*"})
    assert platform.status_code == 422


async def test_a_foreign_channel_is_not_found(ingest):
    await ingest.add_workspace("other")
    foreign = await ingest.add_channel("other")
    path = f"/channels/{foreign['id']}"
    assert (await ingest.call("GET", path)).status_code == 404
    changed = await ingest.call("PATCH", path, {"name": "B"}, headers={"If-Match": "*"})
    assert changed.status_code == 404
    assert (await ingest.call("GET", "/channels")).json()["items"] == []


async def test_an_analyst_reads_and_changes_nothing(ingest):
    channel = await ingest.add_channel()
    assert (await ingest.call("GET", "/channels", role="analyst")).status_code == 200
    changed = await ingest.call(
        "PATCH", f"/channels/{channel['id']}", {"name": "B"}, role="analyst"
    )
    assert changed.status_code == 403


async def test_a_partner_sees_no_channel(ingest):
    channel = await ingest.add_channel(operators=["lin"])
    source = await ingest.add_source(channel)
    partner = {"role": "partner", "sources": [UUID(source["id"])]}
    for path in ("/channels", f"/channels/{channel['id']}", f"/channels/{channel['id']}/health"):
        assert (await ingest.call("GET", path, **partner)).status_code == 403, path


async def test_a_channel_has_niches_and_people_who_run_it(ingest):
    channel = await ingest.add_channel(verticals=["家常菜", "家常菜", " 厨具 "], operators=["lin"])
    assert (channel["verticals"], channel["operators"]) == (["家常菜", "厨具"], ["lin"])
    path = f"/channels/{channel['id']}"
    body = {"operators": ["lin", "wang"]}
    changed = await ingest.call("PATCH", path, body, headers={"If-Match": '"1"'})
    assert changed.json()["operators"] == ["lin", "wang"]
    assert changed.json()["verticals"] == ["家常菜", "厨具"]
    told = (await outbox(ingest))[-1]
    assert isinstance(told, ChannelSaved)
    assert (told.operators, told.verticals) == (["lin", "wang"], ["家常菜", "厨具"])


async def test_who_owns_a_channel_has_consequences(ingest):
    company = await ingest.add_channel(owner_kind="organisation")
    person = await ingest.add_channel(owner_kind="individual")
    approvals = [one["consequences"]["approval_steps"] for one in (company, person)]
    assert approvals == [2, 1]
    told = (await outbox(ingest))[-1]
    assert isinstance(told, ChannelSaved)
    assert msgspec.to_builtins(told.consequences) == person["consequences"]
    voices = [one["consequences"]["persona_required"] for one in (company, person)]
    assert voices == [False, True]
    assert "sponsorship" in person["consequences"]["revenue_types"]
    assert company["consequences"]["kpis"] != person["consequences"]["kpis"]
    found = await ingest.call("GET", "/channels?owner_kind=individual")
    assert [one["id"] for one in found.json()["items"]] == [person["id"]]
    path = f"/channels/{company['id']}"
    changed = await ingest.call(
        "PATCH", path, {"owner_kind": "individual"}, headers={"If-Match": "*"}
    )
    assert changed.json()["consequences"] == person["consequences"]


def test_every_kpi_of_an_owner_is_a_metric():
    named = {name for kind in OWNER_KINDS.values() for name in kind.kpis}
    assert named <= {metric.name for metric in CATALOGUE.values()}
