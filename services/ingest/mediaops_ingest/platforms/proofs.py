"""The proof families, each written once; every adapter names the one it uses."""

import hashlib
from collections.abc import Callable, Sequence
from hmac import compare_digest
from typing import Protocol

__all__ = ["StoredHmac", "bearer_token", "same", "secret_first_digest", "sorted_sha1"]

_BLOCK = 64
_INNER = bytes(code ^ 0x36 for code in range(256))
_OUTER = bytes(code ^ 0x5C for code in range(256))


class _Hash(Protocol):
    def copy(self) -> "_Hash": ...
    def update(self, text: bytes, /) -> None: ...
    def digest(self) -> bytes: ...
    def hexdigest(self) -> str: ...


def same(expected: bytes, given: bytes) -> bool:
    """Compares in constant time; a difference in length shows, which is public."""
    return compare_digest(expected, given)


class StoredHmac:
    """HMAC-SHA256 with both states computed once per key: half the cost of `hmac.digest`."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        if len(key) > _BLOCK:
            key = hashlib.sha256(key).digest()
        padded = key.ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(padded.translate(_INNER))
        self._outer = hashlib.sha256(padded.translate(_OUTER))

    def digest(self, *parts: bytes) -> bytes:
        """The HMAC of the parts, one after the other."""
        inner = self._inner.copy()
        for part in parts:
            inner.update(part)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()


def secret_first_digest(algorithm: Callable[[bytes], _Hash], secret: bytes) -> Callable[..., bytes]:
    """A bare digest of secret and body, in lower-case hex: Douyin's rule, not an HMAC."""
    state = algorithm(secret)

    def digest(body: bytes) -> bytes:
        running = state.copy()
        running.update(body)
        return running.hexdigest().encode()

    return digest


def sorted_sha1(parts: Sequence[str]) -> bytes:
    """Hex SHA-1 of the sorted, joined parts: the rule of WeChat and of all who copied it."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest().encode()


def bearer_token(authorization: bytes | None) -> bytes | None:
    """The token of an `Authorization: Bearer` header; None where there is none."""
    if authorization is None or authorization[:7].lower() != b"bearer ":
        return None
    return authorization[7:].strip()
