"""Bodies in gzip, with a bound on what comes out of them."""

import zlib

__all__ = ["NotInflated", "inflate"]

_GZIP = zlib.MAX_WBITS | 16


class NotInflated(ValueError):
    """Not one whole gzip stream, or more than may come out of it."""

    def __init__(self, *, is_too_large: bool) -> None:
        super().__init__("is too large when inflated" if is_too_large else "is not gzip")
        self.is_too_large = is_too_large


def inflate(body: bytes, limit: int) -> bytes:
    """The plain body; never more than `limit` bytes of it are made. Raises `NotInflated`."""
    stream = zlib.decompressobj(_GZIP)
    try:
        plain = stream.decompress(body, limit + 1)
    except zlib.error:
        raise NotInflated(is_too_large=False) from None
    if len(plain) > limit:
        raise NotInflated(is_too_large=True)
    if not stream.eof or stream.unused_data:
        raise NotInflated(is_too_large=False)
    return plain
