"""What staff did is recorded with the change it tells of, or not at all."""

from typing import Any

import pytest
from mediaops_common import audit_trail
from mediaops_common.context import request_id
from mediaops_common.http import Caller
from sqlalchemy import select

from tests.common.http.fake import NOW, Running


async def caller_of(fake: Running) -> Caller:
    header = (b"authorization", f"Bearer {fake.token(subject='wang')}".encode())
    return await fake.runtime.authenticator.caller([header])


async def rows(fake: Running) -> list[Any]:
    async with fake.runtime.database.read() as session:
        connection = await session.connection()
        return list(await connection.execute(select(fake.runtime.database.tables.audit_trail)))


async def test_an_action_names_who_did_what_when_and_in_which_request(fake: Running) -> None:
    caller = await caller_of(fake)
    token = request_id.set("r-1")
    async with fake.runtime.database.write() as session:
        await audit_trail.record(
            session,
            caller,
            fake.clock,
            action="rotate-secret",
            object_type="source",
            object_id="s-1",
            detail={"overlap_hours": 24},
        )
    request_id.reset(token)
    [row] = await rows(fake)
    assert (row.actor, row.action, row.object_type, row.object_id) == (
        "wang",
        "rotate-secret",
        "source",
        "s-1",
    )
    assert (row.at, row.request_id, row.outcome) == (NOW, "r-1", "done")
    assert row.workspace_id == caller.workspace_id
    assert row.detail == {"overlap_hours": 24}


async def test_an_action_that_was_undone_was_not_done(fake: Running) -> None:
    caller = await caller_of(fake)

    async def change() -> None:
        async with fake.runtime.database.write() as session:
            await audit_trail.record(
                session, caller, fake.clock, action="x", object_type="y", object_id=1
            )
            raise RuntimeError("undone")

    with pytest.raises(RuntimeError, match="undone"):
        await change()
    assert await rows(fake) == []
