"""Puts the door in front of the service's app."""

from collections.abc import Awaitable

from mediaops_common.http.direct import Direct
from mediaops_common.service import Runtime
from starlette.types import ASGIApp, Receive, Scope, Send

from mediaops_ingest.door.direct import DirectHooks
from mediaops_ingest.door.hooks import PREFIX, HookDoor
from mediaops_ingest.door.posts import PATHS, PostDoor

__all__ = ["direct", "front"]


def front(app: ASGIApp, runtime: Runtime) -> ASGIApp:
    """Hooks and API posts go no further; everything else is FastAPI's."""
    hooks: HookDoor = runtime.state["hook_door"]
    posts: PostDoor = runtime.state["post_door"]

    def door(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http":
            path: str = scope["path"]
            if path.startswith(PREFIX):
                return hooks(scope, receive, send)
            if path in PATHS and scope["method"] == "POST":
                return posts(scope, receive, send)
        return app(scope, receive, send)

    return door


def direct(runtime: Runtime) -> Direct:
    """A webhook that comes whole needs not even ASGI."""
    hooks: DirectHooks = runtime.state["direct_hooks"]
    return hooks
