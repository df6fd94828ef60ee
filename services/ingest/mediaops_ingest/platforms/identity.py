"""Digests and ids: what makes two items one item, and two activities one activity."""

from functools import lru_cache
from hashlib import blake2b
from uuid import UUID

from mediaops_common.ids import id_of, joined

from mediaops_ingest.platforms.port import Item

__all__ = ["Scope", "canonical_digest", "key_of"]

_DIGEST = 16


def canonical_digest(item: Item) -> bytes:
    """16 bytes over the canonical item: equal for repeats, other for other content."""
    return blake2b(item.canonical, digest_size=_DIGEST).digest()


def key_of(item: Item, digest: bytes | None = None) -> bytes:
    """The item's dedup key, or its canonical digest where the platform gives none; `digest` is for
    those who have that at hand.

    The two are marked apart, so that nobody can name a key that is another item's digest.
    """
    if item.dedup_key is not None:
        return b"k" + item.dedup_key.encode()
    return b"d" + (canonical_digest(item) if digest is None else digest)


class Scope:
    """The dedup scope of a source: its channel and the id namespace of its adapter's family.

    What is the same for all items of the scope is put together once.
    """

    __slots__ = ("_heads", "_remembered")

    def __init__(self, workspace_id: UUID, channel_id: UUID, namespace: str) -> None:
        self._remembered = joined(workspace_id.bytes, channel_id.bytes, namespace)
        self._heads = {
            kind: joined(workspace_id.bytes, kind, channel_id.bytes, namespace)
            for kind in ("activity", "snapshot")
        }

    def dedup_digest(self, key: bytes) -> bytes:
        """16 bytes under which a key is remembered; `key` comes from `key_of`."""
        prefixed = self._remembered + len(key).to_bytes(4, "big") + key
        return blake2b(prefixed, digest_size=_DIGEST).digest()

    def activity_id(self, key: bytes, *, output: int, mapping_revision: int) -> UUID:
        """The same act has the same id, however often and by whichever way it comes.

        `output` is its position among its item's activities, `mapping_revision` the revision that
        first produced it.
        """
        return self._id("activity", key, output, mapping_revision)

    def snapshot_id(self, key: bytes, *, output: int) -> UUID:
        """Likewise for a snapshot; a correction keeps the id of what it corrects, whichever
        revision of a mapping read the one and the other."""
        return self._id("snapshot", key, output, 0)

    def _id(self, kind: str, key: bytes, output: int, mapping_revision: int) -> UUID:
        tail = _tail(output, mapping_revision)
        return id_of(b"".join((self._heads[kind], len(key).to_bytes(4, "big"), key, tail)))


@lru_cache(maxsize=1024)
def _tail(output: int, mapping_revision: int) -> bytes:
    return joined(str(output), str(mapping_revision))
