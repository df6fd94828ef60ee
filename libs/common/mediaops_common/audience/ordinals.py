"""Numbers actors: a digest of who it is becomes a small dense integer, once and for ever."""

from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from uuid import UUID

from sqlalchemy import Table, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.audience.statements import Lookup, stored_ids
from mediaops_common.audience.tables import AudienceTables
from mediaops_common.bulk import insert_stored
from mediaops_common.db import upsert

__all__ = ["actor_key", "number_actors"]

ACTOR = ("generation", "workspace_id", "key", "ordinal")


def actor_key(platform: str, id_scope: str, external_id: str) -> bytes:
    """Sixteen bytes that stand for the actor inside its workspace."""
    platform_raw, scope_raw = platform.encode(), id_scope.encode()
    # Lengths in front, so that no two different actors give the same bytes to the digest.
    head = b"%d:%d:" % (len(platform_raw), len(scope_raw))
    return blake2b(head + platform_raw + scope_raw + external_id.encode(), digest_size=16).digest()


async def number_actors(
    session: AsyncSession,
    tables: AudienceTables,
    generation: int,
    workspace_id: UUID,
    keys: Iterable[bytes],
) -> dict[bytes, int]:
    """The ordinal of every key; keys that are new get the next ones, in the order given.

    Two transactions that number the same new key are kept apart by the lock on its lane, which a
    consumer takes first; different keys wait for each other at the counter's row only.
    """
    workspace = stored_ids(session)(workspace_id)
    wanted = list(dict.fromkeys(keys))
    known: dict[bytes, int] = {
        key: ordinal
        for key, ordinal in await _ordinals(tables.actor).rows(
            session, (generation, workspace), wanted
        )
    }
    new = [key for key in wanted if key not in known]
    if not new:
        return known
    first = await _reserve(session, tables, generation, workspace_id, len(new))
    numbered = dict(zip(new, range(first, first + len(new)), strict=True))
    # In the order of the keys: neighbours share a page, and transactions lock in one order.
    rows = [(generation, workspace, key, numbered[key]) for key in sorted(new)]
    await insert_stored(session, tables.actor, ACTOR, rows)
    known.update(numbered)
    return known


@cache
def _ordinals(actor: Table) -> Lookup:
    given = (actor.c.generation, actor.c.workspace_id)
    return Lookup((actor.c.key, actor.c.ordinal), given, actor.c.key)


async def _reserve(
    session: AsyncSession,
    tables: AudienceTables,
    generation: int,
    workspace_id: UUID,
    count: int,
) -> int:
    """Takes `count` ordinals; the counter's row stays locked until the transaction ends."""
    counter = tables.counter
    row = {"generation": generation, "workspace_id": workspace_id, "next": count}
    await upsert(session, counter, [row], key=["generation", "workspace_id"], add=["next"])
    connection = await session.connection()
    following = await connection.execute(
        select(counter.c.next).where(
            counter.c.generation == generation, counter.c.workspace_id == workspace_id
        )
    )
    return int(following.scalar_one()) - count
