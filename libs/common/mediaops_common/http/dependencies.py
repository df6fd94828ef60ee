"""What a route may ask for: a session that writes, one that reads, the clock, the runtime."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any, cast

from fastapi import Depends, Request
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.clock import Clock

if TYPE_CHECKING:
    from mediaops_common.service import Runtime

__all__ = ["WRITING", "ClockDep", "LateTx", "Reads", "RuntimeDep", "Tx"]


def _runtime(request: Request) -> "Runtime":
    return cast("Runtime", request.app.state.runtime)


async def _write_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with _runtime(request).database.write() as session:
        once = getattr(request.state, "once", None)
        if once is not None:
            await once.begin(session)
        yield session


async def _late_write_session(
    request: Request,
) -> AsyncIterator[Callable[[], Awaitable[AsyncSession]]]:
    async with AsyncExitStack() as stack:

        async def begin() -> AsyncSession:
            return await stack.enter_async_context(asynccontextmanager(_write_session)(request))

        yield begin


async def _read_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with _runtime(request).database.read() as session:
        yield session


async def _clock(request: Request) -> Clock:
    return _runtime(request).clock


async def _running(request: Request) -> Any:
    return _runtime(request)


# Scope "function": the transaction ends before the answer begins. With FastAPI's default the caller
# would read 201 and the commit could fail afterwards.
Tx = Annotated[AsyncSession, Depends(_write_session, scope="function")]
"""One transaction for the request: committed before the answer, undone by any exception."""

LateTx = Annotated[
    Callable[[], Awaitable[AsyncSession]], Depends(_late_write_session, scope="function")
]
"""The same, begun only when it is called: for a route that reads at length before it writes."""

WRITING = frozenset({_write_session, _late_write_session})
"""Only routes that depend on one of these keep their answer for an Idempotency-Key."""

Reads = Annotated[AsyncSession, Depends(_read_session, scope="function")]
"""One consistent view of what is committed."""

ClockDep = Annotated[Clock, Depends(_clock)]
"""The domain clock."""

RuntimeDep = Annotated[Any, Depends(_running)]
"""The `Runtime` of the service, for its `state`."""
