"""The proof families, each written once; every adapter names the one it uses.

A: HMAC of the body. B: a bare digest of secret and body. C: SHA-1 of the sorted token, timestamp,
nonce and perhaps ciphertext (`sorted_proofs.py`). D: ed25519. E: a shared token.
"""

import hashlib
from binascii import b2a_base64, unhexlify
from collections.abc import Callable, Sequence
from hmac import compare_digest
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

__all__ = [
    "BareDigest",
    "StoredHmac",
    "bearer_token",
    "is_signed_ed25519",
    "same",
    "sorted_sha1",
]

_BLOCK = 64
_INNER = bytes(code ^ 0x36 for code in range(256))
_OUTER = bytes(code ^ 0x5C for code in range(256))


class _Hash(Protocol):
    def copy(self) -> "_Hash": ...
    def update(self, text: bytes, /) -> None: ...
    def digest(self) -> bytes: ...
    def hexdigest(self) -> str: ...


Algorithm = Callable[[bytes], _Hash]


same: Callable[[bytes, bytes], bool] = compare_digest
"""Compares in constant time; a difference in length shows, which is public."""


class StoredHmac:
    """HMAC with both states computed once per key: half the cost of `hmac.digest`. Of algorithms
    with blocks of 64 bytes: SHA-1, SHA-256."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes, algorithm: Algorithm = hashlib.sha256) -> None:
        if len(key) > _BLOCK:
            key = algorithm(key).digest()
        padded = key.ljust(_BLOCK, b"\0")
        self._inner = algorithm(padded.translate(_INNER))
        self._outer = algorithm(padded.translate(_OUTER))

    def digest(self, *parts: bytes) -> bytes:
        """The HMAC of the parts, one after the other."""
        inner = self._inner.copy()
        for part in parts:
            inner.update(part)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()

    def hex(self, *parts: bytes) -> bytes:
        """The same in lower-case hex."""
        return self.digest(*parts).hex().encode()

    def base64(self, *parts: bytes) -> bytes:
        """The same in base64. Texts are compared, not bytes: base64 has several spellings."""
        return b2a_base64(self.digest(*parts), newline=False)


class BareDigest:
    """A digest of `before` ‖ text ‖ `after`, one of which is the secret: not an HMAC."""

    __slots__ = ("_after", "_state")

    def __init__(self, algorithm: Algorithm, *, before: bytes = b"", after: bytes = b"") -> None:
        self._state, self._after = algorithm(before), after

    def digest(self, *parts: bytes) -> bytes:
        """The digest with the parts, one after the other, in the middle."""
        state = self._state.copy()
        for part in parts:
            state.update(part)
        state.update(self._after)
        return state.digest()

    def hex(self, *parts: bytes) -> bytes:
        """The same in lower-case hex."""
        return self.digest(*parts).hex().encode()

    def base64(self, *parts: bytes) -> bytes:
        """The same in base64."""
        return b2a_base64(self.digest(*parts), newline=False)


def sorted_sha1(parts: Sequence[str]) -> bytes:
    """Hex SHA-1 of the sorted, joined parts: the rule of WeChat and of all who copied it."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest().encode()


def is_signed_ed25519(key: Ed25519PublicKey, signature: bytes, *parts: bytes) -> bool:
    """Whether a signature in lower-case hex is of the parts, one after the other. Never raises."""
    try:
        key.verify(unhexlify(signature), b"".join(parts))
    except (InvalidSignature, ValueError):
        return False
    return signature == signature.lower()


def bearer_token(authorization: bytes | None) -> bytes | None:
    """The token of an `Authorization: Bearer` header; None where there is none."""
    if authorization is None or authorization[:7].lower() != b"bearer ":
        return None
    return authorization[7:].strip()
