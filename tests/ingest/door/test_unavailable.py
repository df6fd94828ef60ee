"""The door while the database is away: 503 with Retry-After, never 500."""

import pytest
from sqlalchemy.exc import OperationalError

from tests.ingest.running import an_activity


@pytest.fixture
def no_database(monkeypatch):
    def cut(ingest) -> None:
        def refuse(*_):
            raise OperationalError("SELECT 1", None, OSError("away"))

        monkeypatch.setattr(ingest.runtime.database, "read", refuse)
        monkeypatch.setattr(ingest.runtime.database, "write", refuse)

    return cut


async def test_a_hook_that_cannot_be_looked_up_is_asked_for_again(ingest, no_database):
    source = await ingest.add_source()
    no_database(ingest)
    answer = await ingest.knock(source, content=b"{}")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_activities_of_a_channel_that_cannot_be_looked_up_are_asked_for_again(
    ingest, no_database
):
    channel = await ingest.add_channel()
    no_database(ingest)
    answer = await ingest.call("POST", "/activities", [an_activity(channel)])
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.headers["content-type"] == "application/problem+json"
