"""The installation's keys: one pair for tokens, one key for secrets at rest."""

import base64
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mediaops_common.settings import KeySettings

__all__ = [
    "PRIVATE",
    "PUBLIC",
    "SECRET",
    "Keys",
    "SecretBox",
    "Unsealable",
    "make_keys",
    "open_keys",
    "open_private_key",
    "public_pem",
]

PRIVATE, PUBLIC, SECRET = "token-private.pem", "token-public.pem", "secrets.key"


class Unsealable(Exception):
    """A stored secret was sealed with a key that is not here, or was changed."""


class SecretBox:
    """Seals secrets at rest with AES-256-GCM; the key's id stands in each ciphertext."""

    def __init__(self, *keys: bytes) -> None:
        """The first key seals; all of them open."""
        if not keys or any(len(key) != 32 for key in keys):
            raise ValueError("a key for secrets at rest has 32 bytes")
        self._by_id = {hashlib.sha256(b"key id" + key).digest()[:4]: AESGCM(key) for key in keys}
        self._seals_with = next(iter(self._by_id))

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """The ciphertext; it opens only with the same context (say, the row's id)."""
        nonce = os.urandom(12)
        sealed = self._by_id[self._seals_with].encrypt(nonce, plain, context)
        return b"\x01" + self._seals_with + nonce + sealed

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """What was sealed. Raises Unsealable."""
        key = self._by_id.get(sealed[1:5])
        if sealed[:1] != b"\x01" or key is None:
            raise Unsealable("sealed with a key that is not among the keys for secrets at rest")
        try:
            return key.decrypt(sealed[5:17], sealed[17:], context)
        except InvalidTag:
            raise Unsealable("the sealed secret was changed or belongs elsewhere") from None


@dataclass(frozen=True)
class Keys:
    """What a running service needs. The private key is not here: only the command line signs."""

    public: Ed25519PublicKey
    box: SecretBox = field(repr=False)


def make_keys(settings: KeySettings, folder: Path) -> None:
    """Makes what is missing in `DATA/keys`, readable by its owner only."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if settings.private_key_file is None and settings.public_key_file is None:
        private = folder / PRIVATE
        if not private.exists():
            _write_private(private, _pem_of(Ed25519PrivateKey.generate()))
        if not (folder / PUBLIC).exists():
            _write_private(folder / PUBLIC, public_pem(private))
    has_own = settings.secrets_key is not None or settings.secrets_key_file is not None
    if not has_own and not settings.production and not (folder / SECRET).exists():
        _write_private(folder / SECRET, base64.b64encode(os.urandom(32)) + b"\n")


def public_pem(private: Path) -> bytes:
    """The public half of the key in that file. Exits when there is none."""
    return (
        _load_private(private)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def open_keys(settings: KeySettings, folder: Path) -> Keys:
    """The keys of the settings, else those in `DATA/keys`. Exits naming the file that is missing.

    In production mode the key for secrets at rest comes from the settings, never from the data
    directory: a copy of the data must not open itself.
    """
    public = _load_public(settings.public_key_file or folder / PUBLIC)
    return Keys(public, SecretBox(*_secret_keys(settings, folder)))


def open_private_key(settings: KeySettings, folder: Path) -> Ed25519PrivateKey:
    """The key that signs tokens. Exits naming the file when it is not there."""
    return _load_private(settings.private_key_file or folder / PRIVATE)


def _secret_keys(settings: KeySettings, folder: Path) -> list[bytes]:
    if settings.secrets_key is not None:
        text = settings.secrets_key.get_secret_value()
    elif settings.secrets_key_file is not None:
        text = _read(settings.secrets_key_file).decode("ascii", "replace")
    elif settings.production:
        raise SystemExit(
            "production mode needs MEDIAOPS_SECRETS_KEY or MEDIAOPS_SECRETS_KEY_FILE "
            "(32 bytes in base64; older keys may follow, one a line)"
        )
    else:
        text = _read(folder / SECRET).decode("ascii", "replace")
    try:
        keys = [base64.b64decode(line, validate=True) for line in text.split()]
        if not keys or any(len(key) != 32 for key in keys):
            raise ValueError
    except ValueError:
        raise SystemExit("the key for secrets at rest is not 32 bytes in base64") from None
    return keys


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SystemExit(
            f"cannot read the key {path}: {error.strerror}; the first `mediaops up` makes the keys "
            "of a data directory, --data names another"
        ) from None


def _load_private(path: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(_read(path), password=None)
    except ValueError:
        raise SystemExit(f"{path} holds no private key in PEM") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise SystemExit(f"{path} holds no Ed25519 key")
    return key


def _load_public(path: Path) -> Ed25519PublicKey:
    try:
        key = serialization.load_pem_public_key(_read(path))
    except ValueError:
        raise SystemExit(f"{path} holds no public key in PEM") from None
    if not isinstance(key, Ed25519PublicKey):
        raise SystemExit(f"{path} holds no Ed25519 key")
    return key


def _pem_of(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write_private(path: Path, content: bytes) -> None:
    """Whole or not at all, and never readable by others in between."""
    temporary = path.with_suffix(f".{os.getpid()}.new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)
    os.replace(temporary, path)
