"""Errors as the caller sees them: RFC 9457 problems with a stable `type`."""

from typing import Any, ClassVar

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

__all__ = [
    "Conflict",
    "Forbidden",
    "Invalid",
    "Malformed",
    "NotFound",
    "PreconditionFailed",
    "PreconditionRequired",
    "Problem",
    "TooLarge",
    "Unauthorised",
    "Unavailable",
    "UnsupportedMedia",
    "problem_response",
]

TYPES = "https://mediaops.example/problems/"


class Problem(HTTPException):
    """Raised anywhere below a route, it becomes the answer; the transaction is rolled back.

    A subclass names the condition: `status`, `title` and `type` stand on the class, `detail`, the
    fields at fault and extra members on the instance. It is an HTTPException because FastAPI lets
    only those pass unharmed while it reads a body.
    """

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    type: ClassVar[str] = "internal"

    def __init__(
        self,
        detail: str | None = None,
        *,
        headers: dict[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(self.status, detail=detail or "", headers=headers)
        self.members = members


class Malformed(Problem):
    """The request cannot be read at all."""

    status, title, type = 400, "The request cannot be read", "malformed"


class Unauthorised(Problem):
    """No valid token. What is wrong with it is not said."""

    status, title, type = 401, "A valid token is required", "unauthorised"

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": 'Bearer realm="mediaops"'})


class Forbidden(Problem):
    """The token is valid but its role is too small."""

    status, title, type = 403, "The role of this token does not allow this", "forbidden"


class NotFound(Problem):
    """There is no such thing in the caller's workspace; a foreign one cannot be told apart."""

    status, title, type = 404, "Not found", "not-found"


class Conflict(Problem):
    """The request is sound but contradicts the present state."""

    status, title, type = 409, "Conflict", "conflict"


class PreconditionFailed(Problem):
    """Somebody changed it meanwhile: read it again."""

    status, title, type = 412, "It was changed meanwhile", "precondition-failed"


class TooLarge(Problem):
    """The body is larger than the limit."""

    status, title, type = 413, "The body is too large", "too-large"


class UnsupportedMedia(Problem):
    """The body is not of a kind that this route reads."""

    status, title, type = 415, "The media type is not supported", "unsupported-media-type"


class Invalid(Problem):
    """A field holds what cannot be accepted: `Invalid("slug", "is taken")`."""

    status, title, type = 422, "The request has invalid fields", "invalid"

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}", errors=[{"field": field, "detail": detail}])


class PreconditionRequired(Problem):
    """This change needs `If-Match` with the ETag of what was read."""

    status, title, type = 428, "If-Match is required", "precondition-required"


class Unavailable(Problem):
    """It cannot be done now and may be tried again: nothing was changed."""

    status, title, type = 503, "Temporarily unavailable", "unavailable"

    def __init__(self, detail: str | None = None, *, retry_after: int = 1) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


def problem_response(problem: Problem) -> JSONResponse:
    """The answer that tells of the problem."""
    body = {
        "type": TYPES + problem.type,
        "title": problem.title,
        "status": problem.status,
        **({"detail": problem.detail} if problem.detail else {}),
        **problem.members,
    }
    return JSONResponse(
        body,
        status_code=problem.status,
        headers=dict(problem.headers or {}),
        media_type="application/problem+json",
    )
