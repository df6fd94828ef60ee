"""Queries as they are kept."""

from urllib.parse import unquote_to_bytes

__all__ = ["without"]


def without(query: bytes, hidden: frozenset[bytes]) -> bytes:
    """The query without parameters that carry a secret, however their names are written."""
    if not hidden:
        return query
    parts = query.split(b"&")
    return b"&".join(part for part in parts if _name_of(part) not in hidden)


def _name_of(parameter: bytes) -> bytes:
    return unquote_to_bytes(parameter.partition(b"=")[0].replace(b"+", b" "))
