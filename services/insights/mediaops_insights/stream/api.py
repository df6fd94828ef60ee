"""`GET /insights/v1/stream`: server-sent events."""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from mediaops_common.clock import monotonic
from mediaops_common.http import Caller, Invalid, Reads, RuntimeDep, allow
from starlette.responses import StreamingResponse

from mediaops_insights.stream import service
from mediaops_insights.stream.hub import Hub
from mediaops_insights.stream.service import StreamEvent

router = APIRouter(prefix="/insights/v1/stream", tags=["stream"])

HEADERS = {
    "Cache-Control": "no-store",
    # Proxies that would collect the answer before they pass it on.
    "X-Accel-Buffering": "no",
}

OPENED, RESET = "stream.opened", "stream.reset"

LARGEST = 2**63 - 1

LOOK_SECONDS = 0.5
"""How soon a silent stream notices that its client hung up or the process is asked to end."""


@router.get("", response_class=StreamingResponse)
async def follow_stream(
    caller: Annotated[Caller, allow("insights:read")],
    request: Request,
    session: Reads,
    runtime: RuntimeDep,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """What changes, as `text/event-stream`: `metrics.minute` carries the new state of a minute.

    `Last-Event-ID` resumes behind that event. When it lies too far back, or is not of this stream,
    the first event is `stream.reset`: read everything anew. A stream ends by itself now and then;
    come back with the last id.
    """
    oldest, last = await service.bounds(session, caller.workspace_id)
    after = _number(last_event_id) if last_event_id else last
    is_reset = not oldest - 1 <= after <= last
    if is_reset:
        after = last
    events = _events(request, runtime, caller, after, RESET if is_reset else OPENED)
    return StreamingResponse(events, media_type="text/event-stream", headers=HEADERS)


def _number(last_event_id: str) -> int:
    if not (last_event_id.isascii() and last_event_id.isdecimal()):
        raise Invalid("Last-Event-ID", "is not the id of an event of this stream")
    number = int(last_event_id[:20])
    return min(number, LARGEST)


async def _events(
    request: Request, runtime: Any, caller: Caller, after: int, first: str
) -> AsyncIterator[bytes]:
    hub: Hub = runtime.state["hub"]
    settings = runtime.settings
    ends = monotonic() + settings.stream_connection_seconds
    spoke = monotonic()
    yield b"retry: 1000\n" + _frame(first, after, {"workspace": caller.workspace})
    async with hub.listen(caller.workspace_id, after) as listener:
        while monotonic() < ends and not runtime.stopping.is_set():
            events = await listener.next(min(LOOK_SECONDS, settings.stream_heartbeat_seconds))
            if not runtime.authenticator.still_admits(caller):
                return
            if events:
                yield b"".join(_event(event) for event in events)
            elif monotonic() - spoke >= settings.stream_heartbeat_seconds:
                yield b": alive\n\n"
            elif await request.is_disconnected():
                return
            else:
                continue
            spoke = monotonic()


def _event(event: StreamEvent) -> bytes:
    return _frame(event.type, event.id, event.content)


def _frame(type_: str, number: int, content: dict[str, Any]) -> bytes:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return f"id: {number}\nevent: {type_}\ndata: {text}\n\n".encode()
