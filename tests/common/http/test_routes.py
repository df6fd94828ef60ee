"""The path of a request through gate, body, transaction and answer."""

import httpx

from tests.common.http.fake import Running


async def test_a_note_is_created_read_and_listed(owner: httpx.AsyncClient) -> None:
    created = await owner.post("/fake/v1/notes", json={"title": "一"})
    assert created.status_code == 201
    assert created.headers["etag"] == '"1"'
    note = created.json()
    assert (await owner.get(f"/fake/v1/notes/{note['id']}")).json() == note
    assert (await owner.get("/fake/v1/notes")).json() == {"items": [note], "next": None}


async def test_the_caller_is_shown_what_the_token_proves(
    owner: httpx.AsyncClient, fake: Running
) -> None:
    answer = (await owner.get("/fake/v1/me")).json()
    assert answer["workspace"] == "acme"
    assert answer["role"] == "owner"
    assert answer["timezone"] == "Asia/Shanghai"
    assert "content:write" in answer["scopes"]
