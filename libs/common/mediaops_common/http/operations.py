"""The routes that every service has: who am I, health, metrics, its own description."""

from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from mediaops_common.http.callers import Caller, Gate, allow, pass_gate
from mediaops_common.http.docs_page import docs_response
from mediaops_common.metrics import CONTENT_TYPE, render

__all__ = ["operations_router"]

READS_METRICS = Gate("admin:read", partners=False)


class CallerRead(BaseModel):
    """What the token proves."""

    subject: str
    workspace: str
    workspace_id: str | None
    timezone: str
    role: str
    scopes: list[str]
    sources: list[str] | None


class CheckRead(BaseModel):
    name: str
    ok: bool
    reason: str | None
    repair: str | None


class HealthRead(BaseModel):
    """`ok` is the sum of the checks; each that fails names its repair."""

    service: str
    ok: bool
    checks: list[CheckRead]


@cache
def operations_router(name: str) -> APIRouter:
    """The router of `/NAME/v1/me`, `/NAME/health/…`, `/NAME/metrics` and the description."""
    router = APIRouter(prefix=f"/{name}", tags=["operations"])

    @router.get("/v1/me")
    async def show_me(caller: Annotated[Caller, allow(None)]) -> CallerRead:
        return CallerRead(
            subject=caller.subject,
            workspace=caller.workspace,
            workspace_id=None if caller.workspace == "*" else str(caller.workspace_id),
            timezone=caller.timezone,
            role=caller.role,
            scopes=sorted(caller.scopes),
            sources=None if caller.sources is None else sorted(map(str, caller.sources)),
        )

    @router.get("/health/live")
    async def show_liveness() -> HealthRead:
        return HealthRead(service=name, ok=True, checks=[])

    @router.get("/health/ready", responses={503: {"model": HealthRead}})
    async def show_readiness(request: Request, response: Response) -> HealthRead:
        found = await request.app.state.runtime.health.run()
        is_ok = all(check.is_ok for check in found)
        response.status_code = 200 if is_ok else 503
        checks = [
            CheckRead(name=check.name, ok=check.is_ok, reason=check.reason, repair=check.repair)
            for check in found
        ]
        return HealthRead(service=name, ok=is_ok, checks=checks)

    @router.get("/metrics", include_in_schema=False)
    async def show_metrics(request: Request) -> Response:
        if not request.app.state.runtime.common.http.metrics_are_open:
            await pass_gate(request, READS_METRICS)
        return Response(render(name), media_type=CONTENT_TYPE)

    @router.get("/openapi.json", include_in_schema=False)
    async def show_openapi(request: Request) -> Response:
        description: dict[str, Any] = request.app.openapi()
        return JSONResponse(description)

    @router.get("/docs", include_in_schema=False)
    async def show_docs() -> Response:
        return docs_response(name)

    return router
