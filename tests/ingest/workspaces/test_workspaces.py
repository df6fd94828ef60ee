"""Workspaces over HTTP."""

import pytest
from mediaops_common.events import decode
from mediaops_common.ids import workspace_id
from sqlalchemy import select

from tests.ingest.running import an_activity
from tests.ingest.spine import spine_of


async def outbox(ingest) -> list:
    table = ingest.runtime.database.tables.outbox
    async with ingest.runtime.database.read() as session:
        rows = (await (await session.connection()).execute(select(table.c.value))).all()
    return [decode(row.value)[1] for row in rows]


async def make(ingest, **changes):
    body = {"slug": "beta", "name": "Beta", "timezone": "Europe/Berlin"} | changes
    return await ingest.call("POST", "/workspaces", body, workspace="*", role="operator")


async def test_an_operator_makes_a_workspace_whose_id_follows_from_its_slug(ingest):
    answer = await make(ingest)
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1"'
    body = answer.json()
    assert body["id"] == str(workspace_id("beta"))
    assert (body["slug"], body["name"], body["timezone"]) == ("beta", "Beta", "Europe/Berlin")
    told = (await outbox(ingest))[-1]
    assert (told.slug, told.timezone, told.version) == ("beta", "Europe/Berlin", 1)
    mine = await ingest.call("GET", "/workspaces", workspace="beta")
    assert [item["slug"] for item in mine.json()["items"]] == ["beta"]


async def test_a_slug_is_given_once(ingest):
    assert (await make(ingest, slug="acme")).status_code == 409
    assert (await make(ingest)).status_code == 201
    assert (await make(ingest)).json()["type"].endswith("/slug-taken")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("timezone", "Mars/Olympus"),
        ("timezone", "../../etc/passwd"),
        ("timezone", ""),
        ("slug", "Upper"),
        ("slug", "*"),
        ("slug", "-a"),
        ("slug", "a" * 64),
        ("name", "   "),
        ("extra", 1),
    ],
)
async def test_what_cannot_be_a_workspace_is_refused_by_field(ingest, field, value):
    answer = await make(ingest, **{field: value})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize(("workspace", "role"), [("acme", "owner"), ("acme", "operator")])
async def test_only_an_operator_of_the_installation_makes_workspaces(ingest, workspace, role):
    body = {"slug": "beta", "name": "Beta", "timezone": "UTC"}
    answer = await ingest.call("POST", "/workspaces", body, workspace=workspace, role=role)
    assert answer.status_code == 403


async def test_another_workspace_is_not_found(ingest):
    other = await ingest.add_workspace("other")
    assert (await ingest.call("GET", f"/workspaces/{other['id']}")).status_code == 404
    changed = await ingest.call(
        "PATCH", f"/workspaces/{other['id']}", {"name": "Mine"}, headers={"If-Match": "*"}
    )
    assert changed.status_code == 404


async def test_the_name_can_change_and_the_zone_until_the_first_activity(ingest):
    path = f"/workspaces/{workspace_id('acme')}"
    assert (await ingest.call("PATCH", path, {"name": "New"})).status_code == 428
    stale = await ingest.call("PATCH", path, {"name": "New"}, headers={"If-Match": '"9"'})
    assert stale.status_code == 412
    both = {"name": "New", "timezone": "Asia/Kolkata"}
    changed = await ingest.call("PATCH", path, both, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert (await ingest.call("GET", path)).json()["timezone"] == "Asia/Kolkata"
    channel = await ingest.add_channel()
    await ingest.call("POST", "/activities", [an_activity(channel)])
    await (await spine_of(ingest)).run()
    fixed = await ingest.call("PATCH", path, {"timezone": "UTC"}, headers={"If-Match": '"2"'})
    assert (fixed.status_code, fixed.json()["type"].rsplit("/")[-1]) == (409, "timezone-fixed")
    named = await ingest.call("PATCH", path, {"name": "Newer"}, headers={"If-Match": '"2"'})
    assert named.status_code == 200
    assert (await outbox(ingest))[-1].name == "Newer"


async def test_a_change_must_say_what(ingest):
    path = f"/workspaces/{workspace_id('acme')}"
    answer = await ingest.call("PATCH", path, {}, headers={"If-Match": "*"})
    assert answer.status_code == 422


async def test_an_operator_sees_no_workspace(ingest):
    assert (
        await ingest.call("GET", "/workspaces", workspace="*", role="operator")
    ).status_code == 403
