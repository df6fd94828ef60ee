"""The console: one page of static files under a policy that lets nothing else in."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

__all__ = ["console_app"]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class Asset:
    """One file as it is sent."""

    body: bytes
    kind: str
    etag: str


def _assets(folder: Traversable, prefix: str = "/") -> dict[str, Asset]:
    """Every file by its path. Read once: an address is looked up, never made into a file name."""
    found: dict[str, Asset] = {}
    for entry in folder.iterdir():
        if entry.is_dir():
            found |= _assets(entry, f"{prefix}{entry.name}/")
            continue
        body = entry.read_bytes()
        kind = KINDS[entry.name[entry.name.rindex(".") :]]
        path = prefix if entry.name == "index.html" else prefix + entry.name
        found[path] = Asset(body, kind, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
    return found


def _app(assets: dict[str, Asset]) -> ASGIApp:
    async def show(request: Request) -> Response:
        asset = assets.get(request.scope["path"])
        if asset is None:
            return _problem(404, "not-found", "Not found")
        # Without a build step names never change, so browsers ask each time and mostly hear 304.
        headers = {**HEADERS, "ETag": asset.etag, "Cache-Control": "no-cache"}
        if _is_known(request, asset.etag):
            return Response(status_code=304, headers=headers)
        return Response(asset.body, headers=headers, media_type=asset.kind)

    async def refuse(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if request.scope["path"] not in assets:
            return _problem(404, "not-found", "Not found")
        answer = _problem(error.status_code, "method-not-allowed", "Method not allowed")
        answer.headers["Allow"] = "GET, HEAD"
        return answer

    return Starlette(
        routes=[Route("/{path:path}", show, methods=["GET"])], exception_handlers={405: refuse}
    )


def _is_known(request: Request, etag: str) -> bool:
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or etag in (
        tag.strip().removeprefix("W/") for tag in given.split(",")
    )


def _problem(status: int, slug: str, title: str) -> JSONResponse:
    return JSONResponse(
        {"type": f"https://mediaops.example/problems/{slug}", "title": title, "status": status},
        status_code=status,
        headers={**HEADERS, "Cache-Control": "no-store"},
        media_type="application/problem+json",
    )


console_app: ASGIApp = _app(_assets(files("mediaops_console") / "static"))
