"""Registers what the company has made with the content service."""

import asyncio
from collections.abc import Iterable

from mediaops_simulator.company.library import Piece
from mediaops_simulator.system.api import Api
from mediaops_simulator.system.company import Workplace
from mediaops_simulator.system.imports import moment

__all__ = ["register"]


async def register(api: Api, workplace: Workplace, pieces: Iterable[Piece]) -> None:
    """A content with its first revision, and where it was published.

    Asked for twice within a day it makes nothing new: each piece has its own idempotency key.
    """
    async with asyncio.TaskGroup() as group:
        for piece in pieces:
            group.create_task(_register(api, workplace, piece))


async def _register(api: Api, workplace: Workplace, piece: Piece) -> None:
    content = await api.post(
        "/content/v1/contents",
        {"title": piece.title, "body": f"{piece.title}。"},
        **{"idempotency-key": f"content-{piece.external_id}"},
    )
    await api.post(
        "/content/v1/publications",
        {
            "content_id": content["id"],
            "channel_id": workplace.connections[piece.account].channel_id,
            "external_id": piece.external_id,
            "published_at": moment(piece.at),
        },
        **{"idempotency-key": f"publication-{piece.external_id}"},
    )
