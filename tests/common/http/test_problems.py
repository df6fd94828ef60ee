"""Every error is a problem of one shape, and shows nothing that was sent or that broke."""

import httpx
import pytest

from tests.common.http.fake import Running

TYPES = "https://mediaops.example/problems/"


def check(answer: httpx.Response, status: int, slug: str) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, object] = answer.json()
    assert body["status"] == status
    assert body["type"] == TYPES + slug
    assert body["title"]
    return body


async def test_an_unknown_route_is_a_problem(owner: httpx.AsyncClient) -> None:
    check(await owner.get("/fake/v1/nothing"), 404, "not-found")


async def test_a_wrong_method_is_a_problem_that_names_the_right_ones(
    owner: httpx.AsyncClient,
) -> None:
    answer = await owner.delete("/fake/v1/me")
    check(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, HEAD"


async def test_an_invalid_field_is_named_and_its_value_is_not_shown(
    owner: httpx.AsyncClient,
) -> None:
    answer = await owner.post("/fake/v1/notes", json={"title": "", "stars": "seven-secret"})
    body = check(answer, 422, "invalid")
    assert {error["field"] for error in body["errors"]} == {"title", "stars"}  # type: ignore[attr-defined]
    assert "seven-secret" not in answer.text


async def test_an_unknown_field_is_named(owner: httpx.AsyncClient) -> None:
    body = check(await owner.post("/fake/v1/notes", json={"title": "a", "x": 1}), 422, "invalid")
    assert body["errors"] == [{"field": "x", "detail": "Extra inputs are not permitted"}]


async def test_a_wrong_path_parameter_is_named(owner: httpx.AsyncClient) -> None:
    body = check(await owner.get("/fake/v1/notes/not-an-id"), 422, "invalid")
    assert body["errors"][0]["field"] == "note_id"  # type: ignore[index]


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "1e3", "99999999999999999999"])
async def test_a_wrong_limit_is_invalid(owner: httpx.AsyncClient, limit: str) -> None:
    check(await owner.get("/fake/v1/notes", params={"limit": limit}), 422, "invalid")


async def test_an_unexpected_error_shows_nothing(owner: httpx.AsyncClient) -> None:
    answer = await owner.post("/fake/v1/notes", json={"title": "breaks"})
    check(answer, 500, "internal")
    assert "secret detail" not in answer.text
    assert answer.headers["x-request-id"]


async def test_a_problem_undoes_what_the_request_wrote(owner: httpx.AsyncClient) -> None:
    answer = await owner.post("/fake/v1/notes", json={"title": "fails after the row"})
    check(answer, 409, "conflict")
    assert (await owner.get("/fake/v1/notes")).json()["items"] == []


async def test_a_constraint_that_decides_is_a_conflict(owner: httpx.AsyncClient) -> None:
    await owner.post("/fake/v1/notes", json={"title": "once"})
    check(await owner.post("/fake/v1/notes", json={"title": "once"}), 409, "conflict")


async def test_a_number_beyond_days_is_invalid_and_no_server_error(
    owner: httpx.AsyncClient,
) -> None:
    check(await owner.get("/fake/v1/notes/now", params={"big": "9" * 18}), 422, "invalid")


@pytest.mark.databases("sqlite")
async def test_a_commit_that_fails_is_a_503_and_no_201(
    owner: httpx.AsyncClient, fake: Running
) -> None:
    async def fill_the_disk(session: object) -> None:
        connection = await session.connection()  # type: ignore[attr-defined]
        await connection.exec_driver_sql("PRAGMA max_page_count=1")
        await connection.exec_driver_sql("CREATE TABLE filler (x BLOB)")
        await connection.exec_driver_sql("INSERT INTO filler VALUES (zeroblob(10000000))")

    fake.runtime.state["before_commit"] = fill_the_disk
    answer = await owner.post("/fake/v1/notes", json={"title": "x"})
    check(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "1"


async def test_an_answer_is_given_only_after_the_commit(
    owner: httpx.AsyncClient, fake: Running
) -> None:
    async def break_the_commit(session: object) -> None:
        async def commit() -> None:
            raise RuntimeError("the disk is gone")

        session.commit = commit  # type: ignore[attr-defined]

    fake.runtime.state["before_commit"] = break_the_commit
    answer = await owner.post("/fake/v1/notes", json={"title": "x"})
    assert answer.status_code == 500
    fake.runtime.state.clear()
    assert (await owner.get("/fake/v1/notes")).json()["items"] == []


async def test_a_missing_table_is_no_passing_trouble(
    owner: httpx.AsyncClient, fake: Running
) -> None:
    async with fake.runtime.database.write() as session:
        await (await session.connection()).exec_driver_sql("DROP TABLE note")
    check(await owner.get("/fake/v1/notes"), 500, "internal")
