"""Puts the door in front of the service's app."""

from mediaops_common.service import Runtime
from starlette.types import ASGIApp, Receive, Scope, Send

from mediaops_ingest.door.hooks import PREFIX, HookDoor
from mediaops_ingest.door.posts import PATHS, PostDoor

__all__ = ["front"]


def front(app: ASGIApp, runtime: Runtime) -> ASGIApp:
    """Hooks and API posts go no further; everything else is FastAPI's."""
    hooks: HookDoor = runtime.state["hook_door"]
    posts: PostDoor = runtime.state["post_door"]

    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            if path.startswith(PREFIX):
                await hooks(scope, receive, send)
                return
            if path in PATHS and scope["method"] == "POST":
                await posts(scope, receive, send)
                return
        await app(scope, receive, send)

    return door
