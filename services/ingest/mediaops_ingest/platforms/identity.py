"""Digests and ids: what makes two items one item, and two activities one activity."""

from hashlib import blake2b
from uuid import UUID

from mediaops_common.ids import derived_id, joined

from mediaops_ingest.platforms.port import Item

__all__ = ["activity_id", "canonical_digest", "dedup_digest", "key_of", "snapshot_id"]

_DIGEST = 16


def canonical_digest(item: Item) -> bytes:
    """16 bytes over the canonical item: equal for repeats, other for other content."""
    return blake2b(item.canonical, digest_size=_DIGEST).digest()


def key_of(item: Item) -> bytes:
    """The item's dedup key, or its canonical digest where the platform gives none.

    The two are marked apart, so that nobody can name a key that is another item's digest.
    """
    if item.dedup_key is not None:
        return b"k" + item.dedup_key.encode()
    return b"d" + canonical_digest(item)


def dedup_digest(workspace_id: UUID, channel_id: UUID, namespace: str, key: bytes) -> bytes:
    """16 bytes under which a key is remembered; `key` comes from `key_of`."""
    parts = joined(workspace_id.bytes, channel_id.bytes, namespace, key)
    return blake2b(parts, digest_size=_DIGEST).digest()


def activity_id(
    workspace_id: UUID,
    channel_id: UUID,
    namespace: str,
    key: bytes,
    *,
    output: int,
    mapping_revision: int,
) -> UUID:
    """The same act has the same id, however often and by whichever way it comes.

    `output` is its position among its item's activities, `mapping_revision` the revision that
    first produced it.
    """
    return derived_id(
        workspace_id.bytes,
        "activity",
        channel_id.bytes,
        namespace,
        key,
        str(output),
        str(mapping_revision),
    )


def snapshot_id(
    workspace_id: UUID,
    channel_id: UUID,
    namespace: str,
    key: bytes,
    *,
    output: int,
    mapping_revision: int,
) -> UUID:
    """Likewise for a snapshot; a correction keeps the id of what it corrects."""
    return derived_id(
        workspace_id.bytes,
        "snapshot",
        channel_id.bytes,
        namespace,
        key,
        str(output),
        str(mapping_revision),
    )
