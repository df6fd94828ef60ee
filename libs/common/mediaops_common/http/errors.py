"""Turns every exception of a request into a problem."""

import sqlite3
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match

from mediaops_common.db import UNAVAILABLE
from mediaops_common.http.problems import (
    Conflict,
    Invalid,
    Malformed,
    Problem,
    Unavailable,
    problem_response,
)

__all__ = ["install"]

log = structlog.get_logger("mediaops.http")

MAX_ERRORS = 50
"""Fields named in one answer; a body of a thousand wrong items is not repeated in full."""


def install(app: FastAPI) -> None:
    """Gives the app one shape for all errors."""
    app.add_exception_handler(HTTPException, _own_or_http)
    app.add_exception_handler(RequestValidationError, _validation)
    for kind in UNAVAILABLE:
        app.add_exception_handler(kind, _database)
    app.add_exception_handler(DataError, _out_of_range)
    app.add_exception_handler(OverflowError, _out_of_range)
    app.add_exception_handler(IntegrityError, _contradiction)
    app.add_exception_handler(ClientDisconnect, _hung_up)
    app.add_exception_handler(Exception, _unexpected)


async def _own_or_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error, Problem):
        return problem_response(error)
    problem = _of_status(error)
    if error.status_code == 405:
        problem.headers = {"Allow": _allowed(request)}
    return problem_response(problem)


def _allowed(request: Request) -> str:
    """The methods of every route with this path: the framework names those of the first alone."""
    methods: set[str] = set()
    for route in request.app.state.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            methods |= route.methods
    if "GET" in methods:
        methods.add("HEAD")
    return ", ".join(sorted(methods))


def _of_status(error: HTTPException) -> Problem:
    """The problem of an answer that the framework gives: unknown routes and methods above all."""
    phrase = HTTPStatus(error.status_code).phrase
    slug = phrase.lower().replace(" ", "-").replace("'", "")
    kind = type(
        "FrameworkProblem", (Problem,), {"status": error.status_code, "title": phrase, "type": slug}
    )
    problem: Problem = kind(headers=dict(error.headers or {}))
    return problem


def _field(location: tuple[Any, ...]) -> str:
    """`("body", "items", 3, "name")` → `items.3.name`; a query field keeps its bare name, however
    often it was given."""
    parts = [str(part) for part in location]
    if len(parts) > 1 and parts[0] in {"body", "query", "path", "header", "cookie"}:
        parts = parts[1:2] if parts[0] == "query" else parts[1:]
    # A key of the caller's own may be anything: it is shortened and cannot break the answer.
    return ".".join(parts).encode("utf-8", "replace").decode()[:200]


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(item.get("type") == "json_invalid" for item in found):
        return problem_response(Malformed("the body is not JSON"))
    errors = [
        {"field": _field(tuple(item.get("loc", ()))), "detail": _message(item)}
        for item in found[:MAX_ERRORS]
    ]
    first = errors[0] if errors else {"field": "body", "detail": "is invalid"}
    problem = Invalid(first["field"], first["detail"])
    problem.members["errors"] = errors or [first]
    return problem_response(problem)


def _message(item: dict[str, Any]) -> str:
    """What pydantic says, without the value: its texts may quote what was sent."""
    if item.get("type") in {"value_error", "assertion_error"}:
        cause = (item.get("ctx") or {}).get("error")
        text = str(cause) if cause is not None else "is invalid"
    else:
        text = str(item.get("msg", "is invalid"))
    return text.encode("utf-8", "replace").decode()[:300]


async def _database(request: Request, error: Exception) -> Response:
    if "no such" in str(error) or "syntax error" in str(error):
        raise error  # a fault of ours, not of the disk: the same again would not help
    log.error("database_unavailable", error=type(error).__name__, cause=_cause(error))
    return problem_response(Unavailable("the database cannot take this now; nothing was changed"))


def _cause(error: Exception) -> str:
    original = error.orig if isinstance(error, DBAPIError) else error
    # Only SQLite's own short texts: others may quote values.
    return str(original)[:120] if isinstance(original, sqlite3.Error) else type(original).__name__


async def _contradiction(request: Request, error: Exception) -> Response:
    # Two requests made the same thing at the same time and the constraint decided.
    log.warning("constraint_decided", cause=_cause(error))
    return problem_response(Conflict("another request made the same thing meanwhile"))


async def _out_of_range(request: Request, error: Exception) -> Response:
    log.warning("value_out_of_range", error=type(error).__name__)
    return problem_response(Invalid("request", "a value is out of range"))


async def _hung_up(request: Request, error: Exception) -> Response:
    return problem_response(Malformed("the body ended early"))  # nobody reads it


async def _unexpected(request: Request, error: Exception) -> Response:
    # The framework raises it again after this answer; the outermost layer logs it once.
    return problem_response(Problem())
