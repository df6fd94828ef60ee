"""How much may come: who is told to wait, for how long, and what nobody can find out or use up."""

from uuid import UUID, uuid4

import pytest
from mediaops_common.ids import workspace_id
from mediaops_ingest.door.allowances import Allowances, Overrun
from mediaops_ingest.limit import Limit
from mediaops_ingest.settings import IngestSettings
from mediaops_ingest.sources.service import api_source_id
from prometheus_client import REGISTRY

from tests.ingest.door.test_hooks import UNKNOWN, as_sent, counted_statements
from tests.ingest.platforms.test_hostile import OWN
from tests.ingest.running import an_activity

NONE = Limit(items_per_second=0)
OURS, OTHERS, SOURCE, SECOND = uuid4(), uuid4(), uuid4(), uuid4()


class Hand:
    """The hand of a clock that the test moves."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at


def allowances(source: Limit = NONE, workspace: Limit = NONE) -> tuple[Allowances, Hand]:
    hand = Hand()
    return Allowances(source, workspace, now=hand), hand


def bring(what: Allowances, items: int = 1, *, source: UUID = SOURCE, **how: bool) -> int:
    """0 when it may come, else the seconds that its sender is told."""
    try:
        what.ask(OURS, (source,), **how)
    except Overrun as overrun:
        return int(overrun.headers["Retry-After"])
    what.take(OURS, {source: items})
    return 0


def test_after_the_burst_it_comes_at_the_rate():
    what, hand = allowances(Limit(items_per_second=0.5, burst=3))
    assert [bring(what) for _ in range(4)] == [0, 0, 0, 2]
    hand.at += 1
    assert bring(what) == 1
    hand.at += 1
    assert [bring(what), bring(what)] == [0, 2]
    hand.at += 1_000_000
    assert [bring(what) for _ in range(4)] == [0, 0, 0, 2]


def test_who_comes_back_when_told_is_taken():
    what, hand = allowances(Limit(items_per_second=0.3, burst=1))
    for _ in range(50):
        assert bring(what) == 0
        hand.at += bring(what)


def test_a_large_request_is_a_debt_that_grows_back_first():
    what, hand = allowances(Limit(items_per_second=10, burst=20))
    assert bring(what, 1_000) == 0
    assert bring(what) == 99
    hand.at += 98
    assert bring(what) == 1
    hand.at += 1
    assert bring(what) == 0


def test_a_burst_that_is_not_named_is_ten_seconds():
    assert Limit(items_per_second=5).capacity == 50
    assert Limit(items_per_second=0.01).capacity == 1


def test_all_sources_of_a_workspace_share_its_limit_and_no_other_workspace_does():
    what, _ = allowances(workspace=Limit(items_per_second=1, burst=2))
    assert [bring(what), bring(what, source=SECOND), bring(what)] == [0, 0, 1]
    what.ask(OTHERS, (SOURCE,))
    with pytest.raises(Overrun) as raised:
        what.ask(OURS)
    assert raised.value.members["limit"] == {"of": "workspace", "items_per_second": 1, "burst": 2}


def test_the_limit_that_makes_wait_longest_is_named():
    what, _ = allowances(Limit(items_per_second=1, burst=1), Limit(items_per_second=0.1, burst=1))
    assert [bring(what), bring(what)] == [0, 10]
    with pytest.raises(Overrun) as raised:
        what.ask(OURS, (SOURCE,))
    assert raised.value.of == "workspace"


def test_what_would_not_come_again_waits_for_its_own_limit_only_and_is_counted_all_the_same():
    tight = Limit(items_per_second=1, burst=1)
    what, _ = allowances(tight, tight)
    assert [bring(what, comes_again=False) for _ in range(3)] == [0, 0, 0]
    assert bring(what, source=SECOND) == 3
    what.learn({SOURCE: tight}, {})
    assert bring(what, comes_again=False) == 3


def test_a_limit_of_its_own_stands_for_the_default_and_a_rate_of_none_for_none():
    what, hand = allowances(Limit(items_per_second=1, burst=1))
    what.learn({SOURCE: Limit(items_per_second=1, burst=3), SECOND: NONE}, {})
    assert [bring(what) for _ in range(4)] == [0, 0, 0, 1]
    assert [bring(what, source=SECOND) for _ in range(9)] == [0] * 9
    what.learn({SOURCE: Limit(items_per_second=100, burst=3)}, {})
    assert bring(what) == 1  # what was spent stays spent
    hand.at += 0.02
    assert [bring(what), bring(what), bring(what)] == [0, 0, 1]


def test_nothing_is_limited_unless_it_is_said():
    settings = IngestSettings()
    what, _ = allowances(settings.source_limit, settings.workspace_limit)
    assert [bring(what, 1_000) for _ in range(100)] == [0] * 100
    said = IngestSettings(source_items_per_second=2, workspace_burst=7)
    assert (said.source_limit.capacity, said.workspace_limit.burst) == (20, 7)


# --- At the door --------------------------------------------------------------------------------

SLOW = {"items_per_second": 0.01, "burst": 2}


@pytest.fixture
def still(ingest):
    """The service, whose buckets do not grow."""
    ingest.runtime.state["allowances"]._now = lambda: 1_000.0
    return ingest


async def limit(ingest, path, wanted, **who):
    answer = await ingest.call("PATCH", path, {"limit": wanted}, headers={"If-Match": "*"}, **who)
    assert answer.status_code == 200, answer.text
    await ingest.runtime.state["door_cache"]._look()
    return answer


def limited(adapter, of):
    labels = {"service": "ingest", "adapter": adapter, "verdict": "limited", "reason": of}
    return REGISTRY.get_sample_value("mediaops_door_requests_total", labels) or 0


async def test_a_source_is_told_to_wait_and_a_stranger_learns_and_uses_up_nothing(still):
    source, other = await still.add_source(), await still.add_source()
    path = f"/sources/{source['id']}"
    changed = await limit(still, path, SLOW)
    assert (changed.json()["limit"], changed.headers["etag"]) == (SLOW, '"2"')
    strange = [await still.knock(source, content=b"{}") for _ in range(5)]
    for _ in range(2):
        assert (await still.knock_signed(source)).status_code == 202
    await still.knock(UNKNOWN, content=b"{}")
    kept, before = len(await still.logged()), limited("standard-webhooks", "source")
    with counted_statements() as statements:
        told = await still.knock_signed(source)
        strange.append(await still.knock(source, content=b"{}"))
        unknown = await still.knock(UNKNOWN, content=b"{}")
    assert (told.status_code, told.headers["retry-after"]) == (429, "100")
    problem = told.json()
    assert problem["type"].endswith("/limit-reached")
    assert problem["limit"] == {"of": "source", **SLOW}
    assert (problem["code"], problem["message"]) == ("limit-reached", problem["title"])
    assert {(one.status_code, one.content) for one in strange} == {(401, strange[0].content)}
    assert unknown.status_code == 404
    assert statements == []
    assert len(await still.logged()) == kept
    assert limited("standard-webhooks", "source") == before + 1
    assert (await still.knock_signed(other)).status_code == 202
    await limit(still, path, None)
    assert (await still.call("GET", path)).json()["limit"] is None
    assert (await still.knock_signed(source)).status_code == 202
    trail = (await still.call("GET", "/admin/trail")).json()["items"]
    assert [one["detail"] for one in trail if one["action"] == "change"] == [
        {"fields": ["limit"]},
        {"fields": ["limit"]},
    ]


async def test_a_handshake_and_a_disabled_source_hear_what_they_always_hear(still):
    [(_, _, secrets, proved)] = [case for case in OWN if case[0] == "x-activity"]
    still.clock.moment = proved.now
    source = await still.add_source(adapter="x-activity", secrets=secrets, limit=SLOW)
    await still.runtime.state["door_cache"]._look()
    statuses = [(await still.knock(source, **as_sent(proved))).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    check = await still.knock(source, "GET", below="?crc_token=t")
    assert (check.status_code, list(check.json())) == (200, ["response_token"])
    off = {"enabled": False}
    await still.call("PATCH", f"/sources/{source['id']}", off, headers={"If-Match": "*"})
    closed = await still.knock(source, **as_sent(proved))
    missing = await still.knock(UNKNOWN, **as_sent(proved))
    assert (closed.status_code, closed.content) == (404, missing.content)
    assert closed.headers == missing.headers


async def test_a_workspace_is_limited_by_the_installation_over_all_that_it_brings(
    still, monkeypatch
):
    operator = {"workspace": "*", "role": "operator"}
    path = f"/workspaces/{workspace_id('acme')}"
    refused = await still.call("PATCH", path, {"limit": None}, headers={"If-Match": "*"})
    assert refused.status_code == 403
    named = {"name": "Mine", "limit": SLOW}
    refused = await still.call("PATCH", path, named, headers={"If-Match": "*"}, **operator)
    assert refused.status_code == 403
    changed = await limit(still, path, SLOW, **operator)
    assert (changed.json()["limit"], changed.headers["etag"]) == (SLOW, '"2"')
    assert (await still.call("GET", path)).json()["limit"] == SLOW
    channel, source = await still.add_channel(), await still.add_source()
    hook = next(case for case in OWN if case[0] == "github")
    github = await still.add_source(adapter="github", secrets=hook[2])
    taken = await still.call("POST", "/activities", [an_activity(channel)] * 2 + [{}])
    assert (taken.status_code, taken.json()["accepted"]) == (202, 2)

    async def unread():
        raise AssertionError("the body was read")
        yield b""

    headers = still.bearer() | {"content-type": "application/json"}
    monkeypatch.setattr("mediaops_ingest.door.callers.FRESH_SECONDS", 600)
    async with still.client() as client:
        await client.post("/ingest/v1/activities", content=b"", headers=headers)
        with counted_statements() as statements:
            told = await client.post("/ingest/v1/activities", content=unread(), headers=headers)
    assert statements == []
    assert (told.status_code, told.headers["retry-after"]) == (429, "200")
    assert told.json()["limit"] == {"of": "workspace", **SLOW}
    assert told.headers["x-request-id"]
    assert (await still.call("POST", "/snapshots", [])).status_code == 429
    assert (await still.knock_signed(source)).json()["limit"]["of"] == "workspace"
    # GitHub does not send again what it was refused: that is kept, and counted.
    still.clock.moment = hook[3].now
    assert (await still.knock(github, **as_sent(hook[3]))).status_code < 300
    await still.add_workspace("other")
    theirs = await still.add_channel("other")
    posted = await still.call("POST", "/activities", [an_activity(theirs)], workspace="other")
    assert posted.status_code == 202


async def test_the_implicit_source_of_a_channel_is_limited_like_any_other(still):
    busy, calm = await still.add_channel(), await still.add_channel()
    sent = [an_activity(busy), an_activity(calm)]
    assert (await still.call("POST", "/activities", sent)).status_code == 202
    path = f"/sources/{api_source_id(UUID(busy['id']))}"
    await limit(still, path, {"items_per_second": 1, "burst": 1})
    renamed = {"name": "Mine", "limit": None}
    answer = await still.call("PATCH", path, renamed, headers={"If-Match": "*"})
    assert answer.json()["type"].endswith("/system-source")
    assert (await still.call("POST", "/activities", sent)).status_code == 202
    kept = len(await still.logged())
    told = await still.call("POST", "/activities", sent)
    assert (told.status_code, told.json()["limit"]["of"]) == (429, "source")
    assert len(await still.logged()) == kept
    assert (await still.call("POST", "/activities", sent[1:])).status_code == 202


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"items_per_second": -1},
        {"items_per_second": 0.001},
        {"items_per_second": 1e9},
        {"items_per_second": 1, "burst": 0},
        {"items_per_second": 1, "per": "minute"},
        5,
    ],
)
@pytest.mark.databases("sqlite")
async def test_what_is_no_limit_is_refused_by_field(ingest, wanted):
    body = {"slug": "beta", "name": "Beta", "limit": wanted}
    answer = await ingest.call("POST", "/workspaces", body, workspace="*", role="operator")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith("limit")


async def test_a_workspace_may_be_made_with_a_limit(still):
    body = {"slug": "beta", "name": "Beta", "limit": SLOW}
    made = await still.call("POST", "/workspaces", body, workspace="*", role="operator")
    assert (made.status_code, made.json()["limit"]) == (201, SLOW)
    await still.runtime.state["door_cache"]._look()
    statuses = [
        (await still.call("POST", "/activities", [], workspace="beta")).status_code
        for _ in range(3)
    ]
    assert statuses == [202, 202, 429]
