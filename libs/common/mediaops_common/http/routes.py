"""The class of every route: gate, then body, then the feature's function, then its answer kept."""

from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.responses import Response

from mediaops_common.http.bodies import StrictRequest
from mediaops_common.http.callers import Caller, Gate, pass_gate
from mediaops_common.http.dependencies import WRITING
from mediaops_common.http.description import precondition, repetition
from mediaops_common.http.problems import Invalid, Problem
from mediaops_common.idempotency import Answered, KeyReused, Once

__all__ = ["PUBLIC", "GuardedRoute", "Undeclared", "gate_of", "guard"]

PUBLIC = frozenset({"show_liveness", "show_readiness", "show_openapi", "show_docs", "show_metrics"})
"""The only routes without a gate, by function name; metrics guard themselves."""


class Undeclared(Exception):
    """A route does not say exactly once what it demands: the app must not start."""


class IdempotencyKeyReused(Problem):
    status, title, type = 422, "The Idempotency-Key was used before", "idempotency-key-reused"


class GuardedRoute(APIRoute):
    """An APIRoute that reads no body before the token is proved, and reads it strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        gate = gate_of(self)
        is_post = self.methods == {"POST"}

        async def guarded(request: Request) -> Response:
            request = StrictRequest(request.scope, request.receive, request._send)
            if gate is None:
                return await handle(request)
            caller = await pass_gate(request, gate)
            if is_post and "idempotency-key" in request.headers:
                return await _once(request, caller, self.name, handle)
            return await handle(request)

        return guarded


async def _once(
    request: StrictRequest,
    caller: Caller,
    name: str,
    handle: Callable[[Request], Coroutine[Any, Any, Response]],
) -> Response:
    """Runs inside the stack that holds the transaction: the answer is kept before it commits."""
    runtime = request.app.state.runtime
    once = Once(
        workspace_id=caller.workspace_id,
        route=name,
        key=_key(request),
        digest=await request.digest(),
        box=runtime.keys.box,
        clock=runtime.clock,
    )
    request.state.once = once
    try:
        response = await handle(request)
    except Answered as earlier:
        answer = earlier.answer
        headers = {**answer.headers, "Idempotency-Replayed": "true"}
        return Response(answer.body, answer.status, headers, media_type="application/json")
    except KeyReused:
        raise IdempotencyKeyReused("another request came with this key") from None
    await once.keep(response.status_code, response.headers, bytes(response.body))
    return response


def _key(request: Request) -> str:
    given = request.headers.getlist("idempotency-key")
    if len(given) != 1 or not 0 < len(given[0]) <= 255:
        raise Invalid("Idempotency-Key", "is one text of 1 to 255 characters")
    if not (given[0].isascii() and given[0].isprintable()):
        raise Invalid("Idempotency-Key", "is not printable ASCII")
    return given[0]


def gate_of(route: APIRoute) -> Gate | None:
    """What the route demands; None for the few public ones. Raises Undeclared."""
    gates = [call for call in _calls(route.dependant) if isinstance(call, Gate)]
    if route.name in PUBLIC and not gates:
        return None
    if len(gates) != 1:
        raise Undeclared(
            f"{sorted(route.methods or ())} {route.path} ({route.name}) declares "
            f"{len(gates)} scopes, not one: "
            'add `caller: Annotated[Caller, allow("…")]`'
        )
    return gates[0]


def _calls(dependant: Dependant) -> Iterator[Any]:
    """Everything that the route depends on, however deep."""
    for inner in dependant.dependencies:
        yield inner.call
        yield from _calls(inner)


def guard(route: APIRoute) -> None:
    """Makes a feature's plain route a guarded one and checks what it declares.

    Features write `APIRouter()` as in every FastAPI project; that no route escapes the guard is
    decided here, in one place, and not by remembering a `route_class` in each of them.
    """
    route.__class__ = GuardedRoute
    gate = gate_of(route)
    if gate is not None:
        scopes = [gate.scope] if gate.scope else []
        route.openapi_extra = {
            **(route.openapi_extra or {}),
            "security": [{"bearer": scopes}],
            "parameters": _headers(route),
        }


def _headers(route: APIRoute) -> list[dict[str, Any]]:
    """What it reads of the request's headers, beside what its function declares."""
    if not {"PATCH", "PUT"}.isdisjoint(route.methods or ()):
        return [precondition()]
    is_kept = not WRITING.isdisjoint(_calls(route.dependant))
    return [repetition()] if is_kept and route.methods == {"POST"} else []
