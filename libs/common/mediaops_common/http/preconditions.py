"""ETag and If-Match: nobody overwrites what they have not seen."""

from starlette.requests import Request

from mediaops_common.http.problems import PreconditionFailed, PreconditionRequired

__all__ = ["etag", "require_match"]


def etag(version: int) -> str:
    """The ETag of an entity at this version: `response.headers["ETag"] = etag(row.version)`."""
    return f'"{version}"'


def require_match(request: Request, version: int) -> None:
    """428 without If-Match, 412 unless it names this version (or is `*`)."""
    given = request.headers.getlist("if-match")
    if not given:
        raise PreconditionRequired()
    tags = [tag.strip() for value in given for tag in value.split(",")]
    if "*" in tags:
        return
    # If-Match compares strongly: a weak tag never matches.
    if etag(version) not in tags:
        raise PreconditionFailed()
