"""Puts the door in front of the service's app."""

import structlog
from mediaops_common.http import Problem
from mediaops_common.service import Runtime
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mediaops_ingest.door.hooks import PREFIX, HookDoor
from mediaops_ingest.door.posts import PATHS, PostDoor
from mediaops_ingest.door.replies import of_problem

__all__ = ["front"]

log = structlog.get_logger(__name__)

FAILED = of_problem(Problem())


def front(app: ASGIApp, runtime: Runtime) -> ASGIApp:
    """Hooks and API posts go no further; everything else is FastAPI's."""
    hooks: HookDoor = runtime.state["hook_door"]
    posts: PostDoor = runtime.state["post_door"]

    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            if path.startswith(PREFIX):
                await _guarded(hooks, scope, receive, send)
                return
            if path in PATHS and scope["method"] == "POST":
                await _guarded(posts, scope, receive, send)
                return
        await app(scope, receive, send)

    return door


async def _guarded(door: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Whatever goes wrong is one problem without details; the key is in no log line."""
    has_begun = False

    async def note(message: Message) -> None:
        nonlocal has_begun
        has_begun = True
        await send(message)

    try:
        await door(scope, receive, note)
    except Exception:
        log.exception("door_failed")
        if not has_begun:
            await FAILED.send(send)
