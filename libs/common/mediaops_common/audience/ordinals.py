"""Numbers actors: a digest of who it is becomes a small dense integer, once and for ever."""

from collections.abc import Iterable
from hashlib import blake2b
from uuid import UUID

from sqlalchemy import insert, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.audience.tables import AudienceTables
from mediaops_common.db import rows_by_key, upsert

__all__ = ["actor_key", "number_actors"]


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
    wanted = list(dict.fromkeys(keys))
    actor = tables.actor
    known = dict(
        tuple(row)
        for row in await rows_by_key(
            session,
            select(actor.c.key, actor.c.ordinal).where(
                actor.c.generation == generation, actor.c.workspace_id == workspace_id
            ),
            actor.c.key,
            wanted,
        )
    )
    new = [key for key in wanted if key not in known]
    if not new:
        return known
    first = await _reserve(session, tables, generation, workspace_id, len(new))
    connection = await session.connection()
    await connection.execute(
        insert(actor),
        [
            {
                "generation": generation,
                "workspace_id": workspace_id,
                "key": key,
                "ordinal": ordinal,
            }
            for ordinal, key in enumerate(new, first)
        ],
    )
    known.update(zip(new, range(first, first + len(new)), strict=True))
    return known


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
