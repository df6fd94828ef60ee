"""Builds the ASGI app of a service, and one app out of several services."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from mediaops_common.admin.api import admin_router
from mediaops_common.http import errors
from mediaops_common.http.description import PROBLEMS, describe
from mediaops_common.http.direct import Direct
from mediaops_common.http.envelope import Envelope
from mediaops_common.http.operations import operations_router
from mediaops_common.http.problems import NotFound, problem_response
from mediaops_common.http.routes import Undeclared, guard
from mediaops_common.service import Runtime, Service

__all__ = ["build_api", "build_app", "build_directs", "combine"]

ALLOWED_HEADERS = [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "Last-Event-ID",
    "X-Request-Id",
    "traceparent",
]
EXPOSED_HEADERS = ["ETag", "Idempotency-Replayed", "Retry-After", "X-Request-Id"]


def build_app(service: Service, runtime: Runtime) -> ASGIApp:
    """The whole app of a service: its raw door, if it has one, in front of its guarded API.

    Raises Undeclared when a route does not say what it demands of its caller.
    """
    app: ASGIApp = build_api(service, runtime)
    origins = runtime.common.http.cors_origins
    if origins:
        app = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=ALLOWED_HEADERS,
            expose_headers=EXPOSED_HEADERS,
            max_age=600,
        )
    app = Envelope(app, service.name)
    return app if service.front is None else service.front(app, runtime)


def build_directs(runtimes: Sequence[Runtime]) -> list[Direct]:
    """What the services answer without ASGI; for the server, beside their apps."""
    declared = [(runtime, runtime.service.direct) for runtime in runtimes]
    return [direct(runtime) for runtime, direct in declared if direct is not None]


def build_api(service: Service, runtime: Runtime) -> FastAPI:
    """The FastAPI part alone: what its OpenAPI description shows."""
    api = FastAPI(
        title=f"mediaops {service.name}",
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        separate_input_output_schemas=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    api.state.runtime = runtime
    errors.install(api)
    guarded = guarded_router(service)
    api.state.routes = guarded.declared
    # Not `include_router`: it would make what FastAPI knows of every route anew for each app.
    api.router.routes.extend(guarded.router.routes)
    describe(api)
    return api


class Guarded(NamedTuple):
    router: APIRouter
    declared: list[APIRoute]


_GUARDED: dict[int, tuple[Service, Guarded]] = {}
"""By the identity of the service: made once in a process, however many apps it has."""


def guarded_router(service: Service) -> Guarded:
    """All routes of a service behind their gates. Raises Undeclared."""
    known = _GUARDED.get(id(service))
    if known is None:
        known = _GUARDED[id(service)] = (service, _guarded(service))
    return known[1]


def _guarded(service: Service) -> Guarded:
    whole = APIRouter(generate_unique_id_function=_operation_id)
    names: dict[str, str] = {}
    declared: list[APIRoute] = []
    routers = [*service.routers, operations_router(service.name)]
    routers.append(admin_router(service.name, consumes_only=not service.owns_workspaces))
    for router in routers:
        for route in router.routes:
            if not isinstance(route, APIRoute):
                raise Undeclared(f"{route!r} is not an API route, so nothing guards it")
            if not route.path.startswith(f"/{service.name}/"):
                raise Undeclared(f"{route.path} does not begin with /{service.name}/")
            if names.setdefault(route.name, route.path) != route.path:
                raise Undeclared(f"{route.path} and {names[route.name]} are both {route.name}")
            guard(route)
            declared.append(route)
        whole.include_router(router, responses=PROBLEMS)
    return Guarded(whole, declared)


def _operation_id(route: Any) -> str:
    """The function's name: it stays when paths and tags change."""
    return str(route.name)


def combine(apps: Mapping[str, ASGIApp], console: ASGIApp | None = None) -> ASGIApp:
    """One app for one port: `/NAME/…` goes to the app of that name, the rest to the console."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        first = scope["path"].split("/", 2)[1] if "/" in scope["path"] else ""
        chosen = apps.get(first, console)
        if chosen is not None:
            await chosen(scope, receive, send)
        else:
            await problem_response(NotFound())(scope, receive, send)

    return app
