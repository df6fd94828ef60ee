"""Sealed envelopes: a signature over the sorted token, timestamp, nonce and ciphertext."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from mediaops_ingest.platforms.port import Refused, Unreadable
from mediaops_ingest.platforms.sorted_proofs import is_signed
from mediaops_ingest.platforms.wechat_crypto import Undecipherable, WeChatCipher
from mediaops_ingest.platforms.wechat_messages import UnreadableMessage, parse

__all__ = ["Seal", "opened_by"]


class Seal:
    """What one secret set opens, and who the message has to be for."""

    def __init__(self, token: str, key: str, *owners: str, random_bytes: int = 16) -> None:
        """Raises `BadSetting` for a key that is not one."""
        self.token, self.cipher = token, _cipher(key, owners, random_bytes)

    def unseal(
        self, sealed: Any, *, signature: str | None, timestamp: str, nonce: str
    ) -> bytes | Refused:
        """What is inside, once the signature is right."""
        if not signature or not isinstance(sealed, str):
            return Refused("header")
        if not is_signed(signature, self.token, timestamp, nonce, sealed):
            return Refused("signature")
        try:
            return self.cipher.decrypt(sealed)
        except Undecipherable as error:
            # Told apart in the metric only: an answer that did would open ciphertexts.
            return Refused(error.reason)


def opened_by(seals: Sequence[Seal], envelope: Mapping[str, Any]) -> dict[str, Any]:
    """The message in an envelope that was proved when it came, by any set there ever was.

    Raises `Unreadable`.
    """
    problem = "no secrets"
    for seal in seals:
        try:
            return parse(seal.cipher.decrypt(str(envelope.get("Encrypt"))))
        except Undecipherable as error:
            problem = error.reason
        except UnreadableMessage as error:
            raise Unreadable(error.reason) from None
    raise Unreadable(problem)


@lru_cache(maxsize=1024)
def _cipher(key: str, owners: tuple[str, ...], random_bytes: int) -> WeChatCipher:
    return WeChatCipher(key, *owners, random_bytes=random_bytes)
