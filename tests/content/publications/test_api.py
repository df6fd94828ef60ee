import asyncio
from typing import Any
from uuid import UUID

import httpx
from mediaops_common.events import PublicationRegistered
from mediaops_common.ids import new_id

from tests.builders import a_channel
from tests.content.builders import a_content, publication_of
from tests.content.running import DOUYIN, FOREIGN_CHANNEL, RunningContent

PUBLICATIONS = "/content/v1/publications"


async def _registered(client: httpx.AsyncClient, body: dict[str, Any]) -> Any:
    answer = await client.post(PUBLICATIONS, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_publication_pins_the_current_revision_and_is_told(
    content: RunningContent, acme: httpx.AsyncClient
) -> None:
    made = await a_content(acme, "开箱")

    answer = await acme.post(
        PUBLICATIONS, json=publication_of(made, url="https://www.douyin.com/video/7301")
    )

    assert answer.status_code == 201
    publication = answer.json()
    assert publication["revision_id"] == made["revision_id"]
    assert publication["title"] == "开箱"
    assert publication["published_at"] == "2026-11-22T10:30:00Z"
    assert (await acme.get(answer.headers["location"])).json() == publication
    event = (await content.told())[-1]
    assert isinstance(event, PublicationRegistered)
    assert event.publication_id == UUID(publication["id"])
    assert (event.content_id, event.channel_id) == (UUID(made["id"]), DOUYIN)
    assert (event.external_id, event.title, event.version) == ("7301", "开箱", 1)


async def test_an_older_revision_can_be_the_one_that_is_live(acme: httpx.AsyncClient) -> None:
    made = await a_content(acme, "old title")
    await acme.patch(
        f"/content/v1/contents/{made['id']}", json={"title": "new"}, headers={"If-Match": "*"}
    )
    publication = await _registered(acme, publication_of(made, revision_id=made["revision"]["id"]))
    assert publication["revision_id"] == made["revision"]["id"]
    assert publication["title"] == "old title"


async def test_an_external_id_is_registered_once_per_channel(
    content: RunningContent, acme: httpx.AsyncClient
) -> None:
    made = await a_content(acme)
    other = new_id()
    await content.hear(a_channel(other))
    first = await _registered(acme, publication_of(made))

    again = await acme.post(PUBLICATIONS, json=publication_of(await a_content(acme, "other")))

    assert again.status_code == 409
    assert again.json()["publication_id"] == first["id"]
    await _registered(acme, publication_of(made, channel_id=str(other)))
    assert len([e for e in await content.told() if isinstance(e, PublicationRegistered)]) == 2


async def test_of_many_registrations_at_once_one_wins(acme: httpx.AsyncClient) -> None:
    made = await a_content(acme)
    answers = await asyncio.gather(
        *(acme.post(PUBLICATIONS, json=publication_of(made)) for _ in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


async def test_a_channel_made_a_moment_ago_is_waited_for(
    content: RunningContent, acme: httpx.AsyncClient
) -> None:
    made = await a_content(acme)
    new = new_id()
    waiting = asyncio.create_task(
        acme.post(PUBLICATIONS, json=publication_of(made, channel_id=str(new)))
    )
    await asyncio.sleep(0.2)
    assert not waiting.done()

    # Heard while the request waits: it must hold no transaction that keeps the handler out.
    await content.hear(a_channel(new))

    assert (await waiting).status_code == 201


async def test_what_the_workspace_does_not_have_is_not_found(
    content: RunningContent, acme: httpx.AsyncClient, globex: httpx.AsyncClient
) -> None:
    settings = content.runtime.settings
    content.runtime.settings = settings.model_copy(update={"channel_wait_seconds": 0.1})
    made, foreign = await a_content(acme), await a_content(globex)
    bodies = [
        publication_of(foreign),
        publication_of(made, revision_id=foreign["revision"]["id"]),
        publication_of(made, revision_id=str(new_id())),
        publication_of(made, channel_id=str(FOREIGN_CHANNEL)),
    ]
    for answer in await asyncio.gather(*(acme.post(PUBLICATIONS, json=body) for body in bodies)):
        assert answer.status_code == 404
    published = await _registered(acme, publication_of(made))
    assert (await globex.get(f"{PUBLICATIONS}/{published['id']}")).status_code == 404
    for name, value in {"content_id": made["id"], "channel_id": str(DOUYIN)}.items():
        assert (await globex.get(PUBLICATIONS, params={name: value})).status_code == 404
    assert (await globex.get(PUBLICATIONS)).json()["items"] == []


SENSELESS: list[dict[str, Any]] = [
    {"external_id": ""},
    {"external_id": " 7301"},
    {"external_id": "73\n01"},
    {"external_id": "x" * 501},
    {"published_at": "2026-11-22T10:00:00"},
    {"published_at": "1999-12-31T00:00:00Z"},
    {"published_at": "2026-11-24T00:00:00Z"},
    {"published_at": "9999-12-31T23:59:59-14:00"},
    {"published_at": "0001-01-01T00:00:00+14:00"},
    {"published_at": "yesterday"},
    {"published_at": "1795338000"},
    {"published_at": 1795338000},
    {"url": "javascript:alert(1)"},
    {"url": "https://x/" + "y" * 2000},
    {"channel_id": "douyin"},
    {"more": 1},
]


async def test_a_registration_that_makes_no_sense_is_refused(acme: httpx.AsyncClient) -> None:
    sound = publication_of(await a_content(acme))
    for wrong in SENSELESS:
        answer = await acme.post(PUBLICATIONS, json=sound | wrong)
        assert answer.status_code == 422, wrong
        assert answer.json()["errors"][0]["field"] == next(iter(wrong))
    await _registered(acme, sound)


async def test_lists_are_newest_first_narrowed_by_filters_and_paged(
    content: RunningContent, acme: httpx.AsyncClient
) -> None:
    one, two = await a_content(acme, "one"), await a_content(acme, "two")
    other = new_id()
    await content.hear(a_channel(other))
    days = ["2026-11-19T16:30:00Z", "2026-11-20T16:30:00Z", "2026-11-21T16:30:00Z"]
    for number, day in enumerate(days):
        await _registered(acme, publication_of(one, f"v{number}", published_at=day))
    await _registered(acme, publication_of(two, "v0", channel_id=str(other)))

    async def found(**query: Any) -> list[str]:
        page = (await acme.get(PUBLICATIONS, params=query)).json()
        return [row["external_id"] for row in page["items"]]

    assert await found() == ["v0", "v2", "v1", "v0"]
    assert await found(content_id=one["id"]) == ["v2", "v1", "v0"]
    assert await found(channel_id=str(other)) == ["v0"]
    assert await found(external_id="v1") == ["v1"]
    # Days are local: 16:30 UTC is half past midnight of the next day in Shanghai.
    assert await found(**{"from": "2026-11-21", "to": "2026-11-21"}) == ["v1"]
    assert await found(to="2026-11-20T16:30:00Z") == ["v0"]
    first = (await acme.get(PUBLICATIONS, params={"limit": 3})).json()
    rest = (await acme.get(PUBLICATIONS, params={"limit": 3, "after": first["next"]})).json()
    assert len(first["items"]) == 3
    assert len(rest["items"]) == 1
    assert rest["next"] is None


async def test_the_same_key_registers_once(acme: httpx.AsyncClient) -> None:
    body = publication_of(await a_content(acme))
    answers = [
        await acme.post(PUBLICATIONS, json=body, headers={"Idempotency-Key": "p-1"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
