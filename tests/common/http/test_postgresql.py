"""What callers see of PostgreSQL's trouble: 503 while it is away, and no restart afterwards."""

import asyncio
from pathlib import Path

import pytest
from mediaops_common.settings import Settings, StoreSettings

from tests.common.http.fake import running
from tests.databases import Backend
from tests.postgres import OWNER, Cluster

pytestmark = pytest.mark.databases("postgresql")

NOTES = "/fake/v1/notes"


async def test_while_the_server_is_away_answers_are_503_and_then_it_goes_on(
    tmp_path: Path, backend: Backend
) -> None:
    cluster = Cluster()
    await cluster.create("fake")
    store = StoreSettings(data=tmp_path, database_url=cluster.url("fake", OWNER))
    try:
        async with (
            running(tmp_path, common=Settings(store=store)) as fake,
            fake.client(**fake.bearer()) as client,
        ):
            assert (await client.post(NOTES, json={"title": "before"})).status_code == 201
            await asyncio.to_thread(cluster.stop)
            for answer in (await client.post(NOTES, json={"title": "no"}), await client.get(NOTES)):
                assert answer.status_code == 503
                assert int(answer.headers["retry-after"]) > 0
                assert answer.headers["content-type"] == "application/problem+json"
            ready = await client.get("/fake/health/ready")
            assert ready.status_code == 503
            (check,) = ready.json()["checks"]
            assert (check["name"], check["ok"]) == ("database", False)
            assert "the database of fake does not answer" in check["reason"]
            assert "PostgreSQL" in check["repair"]
            await asyncio.to_thread(cluster.start)
            assert (await client.post(NOTES, json={"title": "after"})).status_code == 201
            titles = {note["title"] for note in (await client.get(NOTES)).json()["items"]}
            assert titles == {"before", "after"}
            assert (await client.get("/fake/health/ready")).status_code == 200
    finally:
        cluster.remove()
