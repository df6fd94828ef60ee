"""A creating request sent twice with one Idempotency-Key takes effect once."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from mediaops_common.idempotency import FORGET_ANSWERS
from sqlalchemy import select

from tests.common.http.fake import Running

pytestmark = pytest.mark.databases("sqlite", "postgresql")

NOTES = "/fake/v1/notes"
KEY = {"Idempotency-Key": "k-1"}


async def count(client: httpx.AsyncClient) -> int:
    return len((await client.get(NOTES)).json()["items"])


async def test_the_same_request_gets_the_same_answer(owner: httpx.AsyncClient) -> None:
    first = await owner.post(NOTES, json={"title": "a"}, headers=KEY)
    again = await owner.post(NOTES, json={"title": "a"}, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["etag"] == first.headers["etag"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert await count(owner) == 1


async def test_another_request_with_the_key_is_refused(owner: httpx.AsyncClient) -> None:
    await owner.post(NOTES, json={"title": "a"}, headers=KEY)
    answer = await owner.post(NOTES, json={"title": "b"}, headers=KEY)
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("/idempotency-key-reused")
    assert await count(owner) == 1


async def test_a_request_that_failed_may_be_mended_under_its_key(owner: httpx.AsyncClient) -> None:
    refused = await owner.post(NOTES, json={"title": ""}, headers=KEY)
    assert refused.status_code == 422
    failed = await owner.post(NOTES, json={"title": "fails after the row"}, headers=KEY)
    assert failed.status_code == 409
    assert (await owner.post(NOTES, json={"title": "a"}, headers=KEY)).status_code == 201


async def test_twenty_at_once_take_effect_once(owner: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(
        *(owner.post(NOTES, json={"title": "a"}, headers=KEY) for _ in range(20))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert await count(owner) == 1


async def test_a_key_belongs_to_its_workspace(owner: httpx.AsyncClient, fake: Running) -> None:
    await fake.add_workspace("other")
    mine = await owner.post(NOTES, json={"title": "a"}, headers=KEY)
    async with fake.client(**fake.bearer("other")) as other:
        theirs = await other.post(NOTES, json={"title": "b"}, headers=KEY)
    assert theirs.status_code == 201
    assert theirs.json()["id"] != mine.json()["id"]


@pytest.mark.parametrize("key", [b"", b"x" * 256, "小".encode(), b"a\tb"])
async def test_a_key_that_is_no_short_text_is_invalid(key: bytes, owner: httpx.AsyncClient) -> None:
    answer = await owner.post(NOTES, json={"title": "a"}, headers=[(b"Idempotency-Key", key)])
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


async def test_the_stored_answer_cannot_be_read_from_the_database(
    owner: httpx.AsyncClient, fake: Running
) -> None:
    await owner.post(NOTES, json={"title": "shown-only-once"}, headers=KEY)
    table = fake.runtime.database.tables.idempotency
    async with fake.runtime.database.read() as session:
        row = (await (await session.connection()).execute(select(table))).one()
    assert row.status == 201
    assert b"shown-only-once" not in row.body


async def test_answers_are_forgotten_after_a_day(owner: httpx.AsyncClient, fake: Running) -> None:
    await owner.post(NOTES, json={"title": "a"}, headers=KEY)
    fake.clock.moment += timedelta(hours=23)
    await FORGET_ANSWERS.run(fake.runtime)
    table = fake.runtime.database.tables.idempotency
    async with fake.runtime.database.read() as session:
        assert (await (await session.connection()).execute(select(table))).all()
    fake.clock.moment += timedelta(hours=2)
    await FORGET_ANSWERS.run(fake.runtime)
    async with fake.runtime.database.read() as session:
        assert not (await (await session.connection()).execute(select(table))).all()


async def test_a_post_that_changes_honours_its_key_too(
    owner: httpx.AsyncClient, fake: Running
) -> None:
    (note,) = [(await owner.post(NOTES, json={"title": "a"})).json()]
    stars = f"{NOTES}/{note['id']}/stars"
    answers = [await owner.post(stars, headers=KEY) for _ in range(3)]
    assert [answer.json() for answer in answers] == [{"stars": 1}] * 3
    assert (await owner.post(stars)).json() == {"stars": 2}
