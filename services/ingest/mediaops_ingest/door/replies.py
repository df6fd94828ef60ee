"""What the door answers: bytes that are ready before the request comes."""

import json
from functools import lru_cache

from mediaops_common.http import (
    Forbidden,
    Malformed,
    NotFound,
    Problem,
    TooLarge,
    Unavailable,
    UnsupportedMedia,
    problem_response,
)
from mediaops_common.http.reply import Reply

from mediaops_ingest.platforms.port import Answer

__all__ = [
    "FAILED",
    "NOT_FOUND",
    "OVERLOADED",
    "TOO_LARGE",
    "UNSUPPORTED",
    "accepted",
    "malformed",
    "not_allowed",
    "of_answer",
    "of_hook",
    "of_problem",
    "refused",
]


class Unproved(Problem):
    """The proof is missing, wrong, too old or not configured. Which, is not said."""

    status, title, type = 401, "The request is not proved", "unproved"


class MethodNotAllowed(Problem):
    status, title, type = 405, "Method Not Allowed", "method-not-allowed"


def of_problem(problem: Problem) -> Reply:
    response = problem_response(problem)
    return Reply(problem.status, list(response.raw_headers), bytes(response.body))


def of_hook(problem: Problem) -> Reply:
    """The same with `code` and `message`: some tracking clients send for ever what is refused
    without the two."""
    problem.members |= {"code": problem.type, "message": problem.title}
    return of_problem(problem)


NOT_FOUND = of_hook(NotFound())
UNPROVED = of_hook(Unproved())
TOO_LARGE = of_hook(TooLarge())
UNSUPPORTED = of_hook(UnsupportedMedia())
FAILED = of_hook(Problem())
OVERLOADED = of_hook(Unavailable("it was not kept: send it again", retry_after=1))

_MALFORMED = {
    400: of_hook(Malformed("the request cannot be read in this scheme")),
    413: TOO_LARGE,
    415: UNSUPPORTED,
}


_REFUSED = {
    204: Reply(204, [], b""),
    403: of_hook(Forbidden()),
    404: NOT_FOUND,
}


def refused(status: int) -> Reply:
    return _REFUSED.get(status, UNPROVED)


@lru_cache(maxsize=64)
def not_allowed(methods: frozenset[str]) -> Reply:
    """Names the methods that are."""
    return of_problem(MethodNotAllowed(headers={"Allow": ", ".join(sorted(methods))}))


def malformed(status: int) -> Reply:
    return _MALFORMED.get(status, _MALFORMED[400])


@lru_cache(maxsize=256)
def of_answer(answer: Answer) -> Reply:
    """The platform's own answer, to the byte."""
    headers = [(b"content-length", b"%d" % len(answer.body))]
    if answer.content_type is not None:
        headers.append((b"content-type", answer.content_type.encode("latin-1")))
    for name, value in answer.headers:
        headers.append((name.lower().encode("latin-1"), value.encode("latin-1")))
    return Reply(answer.status, headers, answer.body)


def accepted(content: dict[str, object]) -> Reply:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    headers = [
        (b"content-length", b"%d" % len(body)),
        (b"content-type", b"application/json"),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    return Reply(202, headers, body)
