"""Sources over HTTP: what they are given, what is shown, what is kept sealed."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from mediaops_common.events import SourceSaved
from mediaops_common.keys import SecretBox
from mediaops_ingest.sources.models import SourceSecret
from sqlmodel import select

from tests.ingest.running import an_activity, signed
from tests.ingest.workspaces.test_workspaces import outbox

A_MAPPING = {
    "activities": [
        {
            "when": "item.kind == 'thumb'",
            "type": "like.created",
            "occurred_at": "=item.at",
            "actor": {"external_id": "=item.who"},
        }
    ]
}


async def test_a_source_shows_its_secrets_once(ingest):
    source = await ingest.add_source()
    assert re.fullmatch(r"http://127.0.0.1:8000/ingest/hooks/[a-z2-7]{32}", source["hook_url"])
    assert source["secrets"]["secret"].startswith("whsec_")
    path = f"/sources/{source['id']}"
    shown = await ingest.call("GET", path)
    assert shown.headers["etag"] == '"1"'
    assert shown.json() == {key: value for key, value in source.items() if key != "secrets"}
    listed = (await ingest.call("GET", "/sources")).json()["items"]
    assert [item["id"] for item in listed] == [source["id"]]
    assert source["secrets"]["secret"] not in (await ingest.call("GET", "/sources")).text
    told = (await outbox(ingest))[-1]
    assert isinstance(told, SourceSaved)
    assert (str(told.source_id), told.enabled, told.version) == (source["id"], True, 1)


async def test_nothing_secret_is_in_the_database_in_clear(ingest):
    secret = "a-client-secret-of-the-platform-42"
    source = await ingest.add_source(adapter="douyin-open", secrets={"client_secret": secret})
    key = source["hook_url"].rsplit("/")[-1]
    async with ingest.runtime.database.read() as session:
        connection = await session.connection()
        tables = ingest.runtime.service.metadata.sorted_tables
        stored = repr([(await connection.execute(table.select())).all() for table in tables])
    assert source["id"] in stored
    assert secret not in stored
    assert key not in stored


@pytest.mark.parametrize(
    ("adapter", "secrets", "field"),
    [
        ("standard-webhooks", {"nonsense": "x"}, "secrets.nonsense"),
        ("standard-webhooks", {"secret": "not base64 !"}, "secrets.secret"),
        ("douyin-open", {}, "secrets.client_secret"),
        ("wechat-oa", {"token": "t", "app_id": "wx1"}, "secrets.encoding_aes_key"),
        ("api", {}, "adapter"),
        ("no-such", {}, "adapter"),
    ],
)
async def test_half_a_proof_is_refused_by_field(ingest, adapter, secrets, field):
    channel = await ingest.add_channel()
    body = {"channel_id": channel["id"], "adapter": adapter, "secrets": secrets}
    answer = await ingest.call("POST", "/sources", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_a_source_needs_a_channel_of_its_workspace(ingest):
    await ingest.add_workspace("other")
    foreign = await ingest.add_channel("other")
    for channel_id in (foreign["id"], str(uuid4())):
        body = {"channel_id": channel_id, "adapter": "standard-webhooks"}
        assert (await ingest.call("POST", "/sources", body)).status_code == 404
        answer = await ingest.call("GET", f"/sources?channel_id={channel_id}")
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("method", "below", "body"),
    [
        ("GET", "", None),
        ("GET", "/mappings", None),
        ("PATCH", "", {"enabled": False}),
        ("POST", "/rotate-secret", {}),
        ("POST", "/test", {"body": "{}"}),
        ("POST", "/send-test", None),
    ],
)
async def test_a_foreign_source_is_not_found(ingest, method, below, body):
    await ingest.add_workspace("other")
    foreign = await ingest.add_source(workspace="other")
    path = f"/sources/{foreign['id']}{below}"
    answer = await ingest.call(method, path, body, headers={"If-Match": "*"})
    assert answer.status_code == 404


async def test_both_secrets_prove_during_the_overlap_and_then_only_the_new_one(ingest):
    source = await ingest.add_source()
    old = source["secrets"]["secret"]
    path = f"/sources/{source['id']}/rotate-secret"
    rotated = (await ingest.call("POST", path, {"overlap_hours": 2})).json()
    new = rotated["secrets"]["secret"]

    async def statuses(*secrets):
        found = []
        for secret in secrets:
            headers = signed(secret, b"{}", ingest.clock.now())
            found.append((await ingest.knock(source, content=b"{}", headers=headers)).status_code)
        return found

    assert await statuses(old, new) == [202, 202]
    ingest.clock.moment += timedelta(hours=1, minutes=59)
    assert await statuses(old, new) == [202, 202]
    ingest.clock.moment += timedelta(minutes=2)
    assert await statuses(old, new) == [401, 202]


async def test_without_a_body_a_rotation_makes_what_is_ours(ingest):
    source = await ingest.add_source()
    path = f"/sources/{source['id']}/rotate-secret"
    rotated = await ingest.call("POST", path)
    assert rotated.status_code == 200, rotated.text
    assert rotated.json()["secrets"].keys() == {"secret"}
    assert rotated.json()["secrets"] != source["secrets"]


async def test_a_rotation_of_ours_keeps_what_the_platform_gave(ingest):
    keys = {"token": "t", "app_id": "wx1", "encoding_aes_key": "A" * 43}
    source = await ingest.add_source(adapter="wechat-oa", secrets=keys)
    rotated = await ingest.call("POST", f"/sources/{source['id']}/rotate-secret")
    secrets = rotated.json()["secrets"]
    assert secrets == {**keys, "token": secrets["token"]}
    assert secrets["token"] != "t"


async def test_a_bearer_is_not_rotated_away(ingest):
    source = await ingest.add_source(adapter="cloudevents", secrets={"bearer": "b"})
    answer = await ingest.call("POST", f"/sources/{source['id']}/rotate-secret")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "secrets")


async def test_the_mode_of_an_account_is_one_setting_however_it_is_given(ingest):
    keys = {"token": "t", "app_id": "wx1", "encoding_aes_key": "A" * 43}
    source = await ingest.add_source(adapter="wechat-oa", secrets={"token": "t", "mode": "plain"})
    assert (source["secrets"], source["config"]) == ({"token": "t"}, {"mode": "plain"})
    path = f"/sources/{source['id']}"
    early = await ingest.call(
        "PATCH", path, {"config": {"mode": "safe"}}, headers={"If-Match": "*"}
    )
    assert early.json()["errors"][0]["field"] == "secrets.encoding_aes_key"
    given = {"secrets": {**keys, "mode": "safe"}}
    rotated = await ingest.call("POST", f"{path}/rotate-secret", given)
    assert rotated.status_code == 200, rotated.text
    assert (await ingest.call("GET", path)).json()["config"] == {"mode": "safe"}
    # The old set has no key for this mode. It is still live, and must not stop the new one.
    assert (await ingest.knock(source, content=b"<xml/>")).status_code == 401
    sent = await ingest.call("POST", f"{path}/test", {"body": "<xml/>"})
    assert sent.json()["verdict"] == "refused"


async def test_a_platforms_secret_is_rotated_to_the_one_given(ingest):
    source = await ingest.add_source(adapter="douyin-open", secrets={"client_secret": "one"})
    path = f"/sources/{source['id']}/rotate-secret"
    missing = await ingest.call("POST", path, {})
    assert missing.json()["errors"][0]["field"] == "secrets.client_secret"
    given = await ingest.call("POST", path, {"secrets": {"client_secret": "two"}})
    assert given.json()["secrets"] == {"client_secret": "two"}


async def test_a_disabled_source_cannot_be_told_from_an_unknown_one(ingest):
    source = await ingest.add_source()
    path = f"/sources/{source['id']}"
    off = await ingest.call("PATCH", path, {"enabled": False}, headers={"If-Match": '"1"'})
    assert (off.status_code, off.json()["enabled"]) == (200, False)
    disabled = await ingest.knock_signed(source)
    unknown = await ingest.knock({"hook_url": "/ingest/hooks/" + "a" * 32}, content=b"{}")
    assert (disabled.status_code, disabled.content) == (404, unknown.content)
    assert disabled.headers == unknown.headers
    await ingest.call("PATCH", path, {"enabled": True}, headers={"If-Match": '"2"'})
    assert (await ingest.knock_signed(source)).status_code == 202


async def test_every_mapping_is_kept_under_its_revision(ingest):
    source = await ingest.add_source()
    path = f"/sources/{source['id']}"
    assert (source["mapping_revision"], source["mapping"]) == (0, None)
    for revision in (1, 2):
        body = {"mapping": A_MAPPING}
        changed = await ingest.call("PATCH", path, body, headers={"If-Match": f'"{revision}"'})
        assert changed.json()["mapping_revision"] == revision, changed.text
    kept = (await ingest.call("GET", f"{path}/mappings")).json()["items"]
    assert [row["revision"] for row in kept] == [2, 1]
    assert kept[0]["mapping"] == A_MAPPING


@pytest.mark.parametrize(
    ("mapping", "field"),
    [
        ({"rules": []}, "mapping.rules"),
        ({"activities": [{"type": "like.created"}]}, "mapping.activities[0].occurred_at"),
        ({"activities": [{"x" * 70_000: 1}]}, "mapping"),
    ],
)
async def test_a_mapping_that_cannot_be_one_is_refused_by_its_place(ingest, mapping, field):
    channel = await ingest.add_channel()
    body = {"channel_id": channel["id"], "adapter": "standard-webhooks", "mapping": mapping}
    answer = await ingest.call("POST", "/sources", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_a_change_is_made_only_by_who_saw_the_source(ingest):
    source = await ingest.add_source()
    path = f"/sources/{source['id']}"
    assert (await ingest.call("PATCH", path, {"name": "B"})).status_code == 428
    stale = await ingest.call("PATCH", path, {"name": "B"}, headers={"If-Match": '"2"'})
    assert stale.status_code == 412
    bad = await ingest.call("PATCH", path, {"config": {"x": 1}}, headers={"If-Match": '"1"'})
    assert bad.json()["errors"][0]["field"] == "config.x"


@pytest.mark.parametrize(
    "end",
    [
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
        "2026-12-01T00:00:00",
        "1800000000",
        1_800_000_000,
    ],
)
async def test_the_end_of_secrets_is_a_moment_that_can_be(ingest, end):
    source = await ingest.add_source()
    path, body = f"/sources/{source['id']}", {"secrets_expire_at": end}
    made = {"channel_id": source["channel_id"], "adapter": "cloudevents"}
    for answer in (
        await ingest.call("POST", "/sources", made | body),
        await ingest.call("PATCH", path, body, headers={"If-Match": "*"}),
        await ingest.call("POST", f"{path}/rotate-secret", body),
    ):
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["field"] == "secrets_expire_at"


async def test_only_who_may_change_sources_sees_hook_urls(ingest):
    source = await ingest.add_source()
    path = f"/sources/{source['id']}"
    assert (await ingest.call("GET", path, role="analyst")).json()["hook_url"] is None
    assert (await ingest.call("GET", path, role="owner")).json()["hook_url"]


async def test_a_partner_sees_its_named_sources_only(ingest):
    mine, other = await ingest.add_source(), await ingest.add_source()
    partner = {"role": "partner", "sources": [UUID(mine["id"])]}
    listed = (await ingest.call("GET", "/sources", **partner)).json()["items"]
    assert [source["id"] for source in listed] == [mine["id"]]
    assert (await ingest.call("GET", f"/sources/{other['id']}", **partner)).status_code == 404
    for method, path, body in [
        ("POST", "/sources", {"channel_id": mine["channel_id"], "adapter": "cloudevents"}),
        ("PATCH", f"/sources/{mine['id']}", {"enabled": False}),
        ("POST", f"/sources/{mine['id']}/rotate-secret", {}),
    ]:
        answer = await ingest.call(method, path, body, headers={"If-Match": "*"}, **partner)
        assert answer.status_code == 403, path


async def test_a_partner_sees_nothing_of_what_others_post_for_its_channel(ingest):
    channel = await ingest.add_channel()
    mine, theirs = await ingest.add_source(channel), await ingest.add_source(channel)
    posted = await ingest.call("POST", "/activities", [an_activity(channel)])
    await ingest.knock_signed(theirs)
    own = await ingest.knock_signed(mine)
    partner = {"role": "partner", "sources": [UUID(mine["id"])]}
    listed = (await ingest.call("GET", "/deliveries", **partner)).json()["items"]
    assert [one["id"] for one in listed] == [own.headers["x-delivery-id"]]
    for id_ in posted.json()["deliveries"]:
        assert (await ingest.call("GET", f"/deliveries/{id_}/raw", **partner)).status_code == 404
    sources = (await ingest.call("GET", "/sources", **partner)).json()["items"]
    assert [one["id"] for one in sources] == [mine["id"]]
    quality = (await ingest.call("GET", "/quality", **partner)).json()["items"]
    assert {row["source_id"] for row in quality} <= {mine["id"]}
    for path in ("/events", "/workspaces", "/admin/audit"):
        assert (await ingest.call("GET", path, **partner)).status_code == 403, path


async def test_the_same_idempotency_key_makes_one_source_and_gives_its_secret_again(ingest):
    channel = await ingest.add_channel()
    body = {"channel_id": channel["id"], "adapter": "standard-webhooks"}
    headers = {"Idempotency-Key": "k1"}
    first = await ingest.call("POST", "/sources", body, headers=headers)
    again = await ingest.call("POST", "/sources", body, headers=headers)
    assert first.json() == again.json()
    assert len((await ingest.call("GET", "/sources")).json()["items"]) == 1


async def test_what_staff_did_to_sources_is_in_the_audit_trail(ingest):
    source = await ingest.add_source()
    await ingest.call("POST", f"/sources/{source['id']}/rotate-secret", {})
    table = ingest.runtime.database.tables.audit_trail
    async with ingest.runtime.database.read() as session:
        rows = (
            await (await session.connection()).execute(table.select().order_by(table.c.id))
        ).all()
    assert [(row.action, row.object_type) for row in rows] == [
        ("create", "workspace"),
        ("connect", "channel"),
        ("create", "source"),
        ("rotate-secret", "source"),
    ]
    assert "whsec_" not in str(rows)


async def test_adapters_say_what_they_need(ingest):
    answer = await ingest.call("GET", "/adapters", role="analyst")
    found = {item["name"]: item for item in answer.json()["items"]}
    assert {"standard-webhooks", "cloudevents", "douyin-open", "wechat-oa"} <= found.keys()
    assert "api" not in found
    assert ["client_secret"] in found["douyin-open"]["proofs"]
    assert found["douyin-open"]["namespace"] == "douyin"
    assert "the random prefix" in found["wechat-oa"]["volatile"]
    assert found["wechat-oa"]["tolerance_seconds"] == 300
    assert found["douyin-open"]["tolerance_seconds"] is None
    keys = {key["name"]: key for key in found["wechat-oa"]["keys"]}
    assert (keys["app_id"]["origin"], keys["token"]["origin"]) == ("issued", "ours")
    assert found["kuaishou"]["meanings"]["AUTHORIZE"] == ["account.authorized"]
    assert found["kuaishou"]["tells"] == ["account.authorized", "account.deauthorized"]


async def test_with_another_master_key_it_is_said_and_nothing_is_taken(ingest):
    source = await ingest.add_source()
    lock(ingest)
    ingest.forget(source)
    answer = await ingest.knock_signed(source)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    path = f"/sources/{source['id']}"
    for way, body in (("rotate-secret", {}), ("test", {"body": "{}"}), ("send-test", None)):
        shown = await ingest.call("POST", f"{path}/{way}", body)
        assert (shown.status_code, shown.json()["type"].rsplit("/")[-1]) == (503, "secrets-locked")


async def test_who_lost_the_master_key_sees_sources_disables_them_and_makes_new_ones(ingest):
    lost = await ingest.add_source()
    lock(ingest)
    ingest.forget(lost)
    path = f"/sources/{lost['id']}"
    for shown in (
        (await ingest.call("GET", "/sources")).json()["items"][0],
        (await ingest.call("GET", path)).json(),
    ):
        assert (shown["id"], shown["enabled"], shown["hook_url"]) == (lost["id"], True, None)
    off = await ingest.call("PATCH", path, {"enabled": False}, headers={"If-Match": "*"})
    assert (off.status_code, off.json()["enabled"]) == (200, False), off.text
    assert (await ingest.knock_signed(lost)).status_code == 404
    new = await ingest.add_source()
    assert (await ingest.knock_signed(new)).status_code == 202
    assert (await ingest.call("GET", f"/sources/{new['id']}")).json()["hook_url"]


def lock(ingest) -> None:
    """Another key for secrets, in all that open them."""
    object.__setattr__(ingest.runtime.keys, "box", SecretBox(b"x" * 32))
    ingest.runtime.state["door_cache"]._box = ingest.runtime.keys.box


async def test_a_sealed_secret_moved_to_another_source_does_not_open(ingest):
    one, two = await ingest.add_source(), await ingest.add_source()
    async with ingest.runtime.database.write() as session:
        rows = {str(row.source_id): row for row in (await session.exec(select(SourceSecret))).all()}
        rows[two["id"]].sealed = rows[one["id"]].sealed
    answer = await ingest.knock_signed(one)
    assert answer.status_code == 202
    ingest.forget(two)
    assert (await ingest.knock_signed(two)).status_code == 503
