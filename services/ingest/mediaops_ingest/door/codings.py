"""Content codings of the API posts: none, or gzip with a bound on what comes out of it."""

from mediaops_common.http import Invalid, TooLarge, UnsupportedMedia
from mediaops_common.http.reply import Headers

from mediaops_ingest.platforms import inflating

__all__ = ["inflate", "is_gzip"]

INFLATED = 2
"""So many times the size that may be sent may come out."""


def is_gzip(headers: Headers) -> bool:
    """Whether the body has to be inflated. Raises UnsupportedMedia for every other coding."""
    named = [value.strip().lower() for name, value in headers if name == b"content-encoding"]
    codings = [value for value in named if value not in (b"", b"identity")]
    if codings and codings != [b"gzip"]:
        raise UnsupportedMedia("this route reads plain bodies and those in gzip")
    return bool(codings)


def inflate(body: bytes, max_body: int) -> bytes:
    """The plain body, never more of it than may come. Raises TooLarge, and Invalid for no gzip."""
    limit = max_body * INFLATED
    try:
        return inflating.inflate(body, limit)
    except inflating.NotInflated as error:
        if error.is_too_large:
            raise TooLarge(f"the limit is {limit} bytes when inflated") from None
        raise Invalid("body", "is not one whole gzip stream") from None
