import asyncio
from uuid import UUID

import httpx
import pytest
from mediaops_common.events import ContentSaved, RevisionCreated

from tests.content.builders import a_content
from tests.content.running import RunningContent

pytestmark = pytest.mark.databases("sqlite", "postgresql")

CONTENTS = "/content/v1/contents"


async def test_a_new_content_comes_back_with_its_first_revision_and_its_etag(
    acme: httpx.AsyncClient,
) -> None:
    answer = await acme.post(
        CONTENTS, json={"title": " 新品开箱 ", "body": "正文", "attributes": {"tags": ["测评"]}}
    )

    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == f"{CONTENTS}/{made['id']}"
    assert made["title"] == "新品开箱"
    assert made["version"] == 1
    assert made["revision"]["number"] == 1
    assert made["revision"]["body"] == "正文"
    assert made["revision"]["attributes"] == {"tags": ["测评"]}
    assert made["created_by"] == "lin"
    got = await acme.get(answer.headers["location"])
    assert got.json() == made
    assert got.headers["etag"] == '"1"'


async def test_a_change_makes_a_revision_and_leaves_the_old_one_as_it_was(
    acme: httpx.AsyncClient,
) -> None:
    made = await a_content(acme, body="first", attributes={"tags": ["a"]})
    place = f"{CONTENTS}/{made['id']}"

    changed = await acme.patch(place, json={"body": "second"}, headers={"If-Match": '"1"'})

    assert changed.status_code == 200
    assert changed.headers["etag"] == '"2"'
    now = changed.json()
    assert (now["title"], now["revision"]["body"], now["revision"]["number"]) == (
        made["title"],
        "second",
        2,
    )
    assert now["revision"]["attributes"] == {"tags": ["a"]}
    old = await acme.get(f"{place}/revisions/{made['revision']['id']}")
    assert old.json() == made["revision"]
    revisions = (await acme.get(f"{place}/revisions")).json()
    assert [row["number"] for row in revisions["items"]] == [2, 1]


async def test_a_change_needs_the_version_that_was_read(acme: httpx.AsyncClient) -> None:
    made = await a_content(acme)
    place = f"{CONTENTS}/{made['id']}"

    assert (await acme.patch(place, json={"title": "x"})).status_code == 428
    late = await acme.patch(place, json={"title": "x"}, headers={"If-Match": '"7"'})
    assert late.status_code == 412
    assert (await acme.get(place)).json() == made


async def test_of_two_changes_at_once_one_wins(acme: httpx.AsyncClient) -> None:
    made = await a_content(acme)
    place = f"{CONTENTS}/{made['id']}"

    answers = await asyncio.gather(
        *(
            acme.patch(place, json={"title": f"try {number}"}, headers={"If-Match": '"1"'})
            for number in range(8)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    revisions = (await acme.get(f"{place}/revisions")).json()["items"]
    assert [row["number"] for row in revisions] == [2, 1]


SENSELESS: list[object] = [
    {},
    {"title": None},
    {"title": "   "},
    {"title": "x" * 301},
    {"body": 5},
    {"attributes": []},
    {"unknown": 1},
    {"attributes": {"a": "x" * 70_000}},
]


async def test_a_change_that_makes_no_sense_is_refused(acme: httpx.AsyncClient) -> None:
    made = await a_content(acme)
    place = f"{CONTENTS}/{made['id']}"
    for body in SENSELESS:
        answer = await acme.patch(place, json=body, headers={"If-Match": '"1"'})
        assert answer.status_code == 422, body
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await acme.get(place)).json() == made


async def test_lists_are_newest_first_and_pages_show_each_content_once(
    acme: httpx.AsyncClient,
) -> None:
    made = [(await a_content(acme, f"第 {number} 篇"))["id"] for number in range(7)]

    seen: list[str] = []
    after = None
    while True:
        query = {"limit": 3} | ({"after": after} if after else {})
        page = (await acme.get(CONTENTS, params=query)).json()
        seen += [row["id"] for row in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == made[::-1]


FOUND_BY = {
    "开箱": {"新品开箱：Pro Max"},
    "PRO": {"新品开箱：Pro Max"},
    "ｐｒｏ": {"新品开箱：Pro Max"},
    "100%": {"100% cotton"},
    "0_0": {"0_0 face"},
    "straße": {"STRASSE 12"},
    "/": {"either/or"},
    "\\": set(),
    "%": {"100% cotton"},
    "没有": set(),
}


async def test_titles_are_searched_without_case_and_wildcards(acme: httpx.AsyncClient) -> None:
    titles = ["新品开箱：Pro Max", "100% cotton", "0_0 face", "010 call", "STRASSE 12", "either/or"]
    for title in titles:
        await a_content(acme, title)
    for q, found in FOUND_BY.items():
        page = (await acme.get(CONTENTS, params={"q": q})).json()
        assert {row["title"] for row in page["items"]} == found, q


async def test_a_search_finds_the_new_title_and_not_the_old(acme: httpx.AsyncClient) -> None:
    made = await a_content(acme, "before")
    await acme.patch(
        f"{CONTENTS}/{made['id']}", json={"title": "After"}, headers={"If-Match": '"1"'}
    )
    assert (await acme.get(CONTENTS, params={"q": "before"})).json()["items"] == []
    assert len((await acme.get(CONTENTS, params={"q": "after"})).json()["items"]) == 1


async def test_every_change_is_told_with_its_version(
    content: RunningContent, acme: httpx.AsyncClient
) -> None:
    made = await a_content(acme, "one")
    await acme.patch(f"{CONTENTS}/{made['id']}", json={"title": "two"}, headers={"If-Match": "*"})

    told = await content.told()

    assert [(type(event), event.version) for event in told] == [  # type: ignore[attr-defined]
        (ContentSaved, 1),
        (RevisionCreated, 1),
        (ContentSaved, 2),
        (RevisionCreated, 2),
    ]
    assert isinstance(told[0], ContentSaved)
    assert told[0].content_id == UUID(made["id"])
    assert isinstance(told[2], ContentSaved)
    assert told[2].title == "two"


async def test_the_same_key_makes_one_content(
    content: RunningContent, acme: httpx.AsyncClient
) -> None:
    answers = [
        await acme.post(CONTENTS, json={"title": "once"}, headers={"Idempotency-Key": "k-1"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["etag"] == '"1"'
    assert len((await acme.get(CONTENTS)).json()["items"]) == 1
    assert len(await content.told()) == 2


async def test_nothing_of_another_workspace_is_seen_or_changed(
    acme: httpx.AsyncClient, globex: httpx.AsyncClient
) -> None:
    made = await a_content(acme, "secret plan")
    place = f"{CONTENTS}/{made['id']}"
    revision = f"{place}/revisions/{made['revision']['id']}"

    for url in (place, f"{place}/revisions", revision):
        assert (await globex.get(url)).status_code == 404
    patch = await globex.patch(place, json={"title": "mine"}, headers={"If-Match": '"1"'})
    assert patch.status_code == 404
    assert (await globex.get(CONTENTS, params={"q": "secret"})).json()["items"] == []


async def test_a_revision_of_another_content_is_not_found(acme: httpx.AsyncClient) -> None:
    one, two = await a_content(acme, "one"), await a_content(acme, "two")
    answer = await acme.get(f"{CONTENTS}/{one['id']}/revisions/{two['revision']['id']}")
    assert answer.status_code == 404


async def test_a_forged_place_is_refused(acme: httpx.AsyncClient) -> None:
    revisions = f"{CONTENTS}/{(await a_content(acme))['id']}/revisions"
    forged = ["zzz", "", "WyJ4Il0", "WzEsMl0", "W251bGxd", "WzVd", "W3RydWVd"]
    for after in forged:
        answer = await acme.get(CONTENTS, params={"after": after})
        assert answer.status_code == 422, after
        # [5] is a place among revisions.
        if after != "WzVd":
            answer = await acme.get(revisions, params={"after": after})
            assert answer.status_code == 422, after


async def test_who_may_only_read_makes_nothing(content: RunningContent) -> None:
    async with content.client(role="analyst") as analyst:
        assert (await analyst.get(CONTENTS)).status_code == 200
        assert (await analyst.post(CONTENTS, json={"title": "x"})).status_code == 403
    async with content.client(role="community_operator") as colleague:
        assert (await colleague.post(CONTENTS, json={"title": "x"})).status_code == 403


async def test_who_did_what_is_written_down_and_a_refused_change_is_not(
    content: RunningContent, acme: httpx.AsyncClient
) -> None:
    made = await a_content(acme)
    place = f"{CONTENTS}/{made['id']}"
    await acme.patch(place, json={"title": "x"}, headers={"If-Match": '"9"'})
    await acme.patch(place, json={"title": "x"}, headers={"If-Match": '"1"'})

    trail = await content.trail()

    assert [(row.actor, row.action, row.object_id) for row in trail] == [
        ("lin", "create", made["id"]),
        ("lin", "change", made["id"]),
    ]
    assert trail[1].detail == {"version": 2, "fields": ["title"]}
