"""The encryption of 微信 messages, which 企业微信 and others copied.

AES-256-CBC, the IV is the key's first half, PKCS#7 to 32 bytes; the plaintext is 16 random bytes,
the length (4 bytes, big endian), the message, and the id of whom it is for.
"""

import binascii
import re
from base64 import b64decode, b64encode
from hmac import compare_digest

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from mediaops_ingest.platforms.declaration import BadSetting

__all__ = ["Undecipherable", "WeChatCipher"]

_PAD = 32
_AES_KEY = re.compile(r"[A-Za-z0-9+/]{43}")


class Undecipherable(Exception):
    """Not made with this key, or not for us; `reason` says which."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class WeChatCipher:
    """For messages to any of the owners, written as to the first of them. `random_bytes` is 16, in
    mini apps of 抖音 32."""

    def __init__(self, encoding_aes_key: str, *owner_ids: str, random_bytes: int = 16) -> None:
        """Raises `BadSetting` for a key that is not one."""
        if not _AES_KEY.fullmatch(encoding_aes_key):
            raise BadSetting("secrets.encoding_aes_key", "must be 43 letters and digits")
        # The last character may hold two stray bits, which a strict decoder would refuse.
        key = b64decode(encoding_aes_key + "=", validate=False)
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))
        self._owners = [owner_id.encode() for owner_id in owner_ids]
        self._random = random_bytes

    def decrypt(self, encrypted: str) -> bytes:
        """The message. Raises `Undecipherable`."""
        try:
            sealed = b64decode("".join(encrypted.split()), validate=True)
        except (binascii.Error, ValueError):
            raise Undecipherable("decrypt") from None
        if not sealed or len(sealed) % 16:
            raise Undecipherable("decrypt")
        decryptor = self._cipher.decryptor()
        padded = decryptor.update(sealed) + decryptor.finalize()
        padding = padded[-1]
        if not 1 <= padding <= _PAD or padded[-padding:] != bytes([padding]) * padding:
            raise Undecipherable("decrypt")
        plain = padded[self._random : -padding]
        length = int.from_bytes(plain[:4], "big")
        if len(plain) < 4 or length > len(plain) - 4:
            raise Undecipherable("decrypt")
        owner = plain[4 + length :]
        if not any(compare_digest(owner, known) for known in self._owners):
            raise Undecipherable("app_id")
        return plain[4 : 4 + length]

    def encrypt(self, message: bytes, random: bytes) -> str:
        """The ciphertext in base64; `random` must be as long as the scheme wants it."""
        if len(random) != self._random:
            raise ValueError(f"needs {self._random} random bytes")
        plain = random + len(message).to_bytes(4, "big") + message + self._owners[0]
        padding = _PAD - len(plain) % _PAD
        encryptor = self._cipher.encryptor()
        padded = plain + bytes([padding]) * padding
        return b64encode(encryptor.update(padded) + encryptor.finalize()).decode()
