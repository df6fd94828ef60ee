"""Secrets at rest: sealed for one source of one workspace, opened for its proofs."""

import base64
import hashlib
import secrets as random_source
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from mediaops_common.http import Unavailable
from mediaops_common.ids import joined, new_id
from mediaops_common.keys import SecretBox, Unsealable

from mediaops_ingest.sources.models import Source, SourceSecret

__all__ = [
    "HOOK_KEY_LENGTH",
    "OpenedSet",
    "SecretValues",
    "SecretsLocked",
    "hook_digest",
    "new_hook_key",
    "open_hook_key",
    "open_sets",
    "seal_hook_key",
    "seal_set",
]


class SecretsLocked(Unavailable):
    """The key for secrets at rest is not the one they were sealed with."""

    title, type = "Secrets cannot be opened", "secrets-locked"


SecretValues = dict[str, str | list[str]]

_decoder = msgspec.json.Decoder(SecretValues)


@dataclass(frozen=True)
class OpenedSet:
    """One set of secrets in clear. Never logged, never stored."""

    values: SecretValues
    live_until: datetime | None

    def is_live(self, now: datetime) -> bool:
        return self.live_until is None or self.live_until > now

    def __repr__(self) -> str:
        return f"OpenedSet(live_until={self.live_until})"


HOOK_KEY_LENGTH = 32


def new_hook_key() -> str:
    """160 random bits in 32 letters and digits."""
    return base64.b32encode(random_source.token_bytes(20)).decode().lower()


def hook_digest(key: bytes) -> bytes:
    """What finds a source. The key has 160 random bits, so that a plain digest tells nothing."""
    return hashlib.sha256(key).digest()


def seal_set(
    box: SecretBox,
    source: Source,
    values: SecretValues,
    *,
    now: datetime,
    expires_at: datetime | None = None,
) -> SourceSecret:
    secret_id = new_id()
    context = _context(source.workspace_id, source.id, b"secrets")
    return SourceSecret(
        id=secret_id,
        workspace_id=source.workspace_id,
        source_id=source.id,
        sealed=box.seal(msgspec.json.encode(values), context),
        created_at=now,
        expires_at=expires_at,
    )


def open_sets(box: SecretBox, rows: Sequence[SourceSecret]) -> list[OpenedSet]:
    """In the order of the rows. Raises SecretsLocked."""
    opened = []
    for row in rows:
        context = _context(row.workspace_id, row.source_id, b"secrets")
        values = _decoder.decode(_opened(box, row.sealed, context))
        opened.append(OpenedSet(values=values, live_until=row.live_until))
    return opened


def seal_hook_key(box: SecretBox, workspace_id: UUID, source_id: UUID, key: str) -> bytes:
    return box.seal(key.encode(), _context(workspace_id, source_id, b"hook"))


def open_hook_key(box: SecretBox, source: Source) -> str | None:
    """None for the implicit sources of the API, which have no hook."""
    if source.sealed_hook_key is None:
        return None
    context = _context(source.workspace_id, source.id, b"hook")
    return _opened(box, source.sealed_hook_key, context).decode()


def _opened(box: SecretBox, sealed: bytes, context: bytes) -> bytes:
    try:
        return box.open(sealed, context)
    except Unsealable as error:
        raise SecretsLocked(str(error)) from None


def _context(workspace_id: UUID, source_id: UUID, kind: bytes) -> bytes:
    """A ciphertext that is moved to another source or workspace does not open there."""
    return joined(kind, workspace_id.bytes, source_id.bytes)
