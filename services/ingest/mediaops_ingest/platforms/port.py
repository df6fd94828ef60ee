"""The Protocol that every wire scheme is written against.

An adapter is asked four things: is this request authentic (`Verifier.verify`), what does its
sender want to hear (`Verifier.answer`), which items are in it (`split`), and what do they mean
(`normalise`). The first two run at the door, the last two in the normaliser, on the stored request.
Nothing here reads a clock, a file, a socket or a database.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from mediaops_common.events.activity import Actor, Money
from mediaops_common.events.snapshot import SnapshotKind
from msgspec.structs import force_setattr

from mediaops_ingest.platforms.declaration import Declaration

__all__ = [
    "ActivityDraft",
    "Adapter",
    "Answer",
    "Context",
    "Draft",
    "Handshake",
    "Ignored",
    "Item",
    "ItemFailed",
    "Lease",
    "Malformed",
    "Refused",
    "Request",
    "SecretSet",
    "SnapshotDraft",
    "Unmapped",
    "Unreadable",
    "Verdict",
    "Verified",
    "Verifier",
]

SecretSet = Mapping[str, str | list[str]]
"""The decrypted secrets of a source as it was given them: name → text, or a list of texts."""


_NO_HEADERS: dict[bytes, bytes | None] = {}


class Request(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One inbound request exactly as it came; what the delivery log keeps and gives back."""

    method: str
    path: str = ""
    """What follows the hook's key, without its leading slash; empty for most schemes."""
    query: bytes = b""
    """The query string as sent, still percent-encoded."""
    headers: Sequence[tuple[bytes, bytes]] = ()
    """Names in lower case, as ASGI gives them; doubled ones stay doubled."""
    body: bytes = b""
    now: datetime
    """The domain clock when it came, aware; later its `received_at`."""

    header: Callable[[bytes], bytes | None] = _NO_HEADERS.get
    """Gives a header's only value by its name. None when it is absent *or doubled*: nothing may
    rest on a header that two readers could read differently."""

    def __post_init__(self) -> None:
        # A new one: a request that is made out of another brings that one's along.
        single: dict[bytes, bytes | None] = dict(self.headers)
        if len(single) < len(self.headers):
            single = {}
            for name, value in self.headers:
                single[name] = None if name in single else value
        force_setattr(self, "header", single.get)

    def parameters(self) -> dict[str, str]:
        """The query's parameters, decoded, without any that is doubled or not UTF-8.

        Never raises.
        """
        try:
            pairs = parse_qsl(
                self.query.decode("ascii"),
                keep_blank_values=True,
                encoding="utf-8",
                errors="strict",
                max_num_fields=100,
            )
        except ValueError:
            return {}
        found: dict[str, str] = {}
        doubled: set[str] = set()
        for key, value in pairs:
            if key in found:
                doubled.add(key)
            found[key] = value
        return {key: value for key, value in found.items() if key not in doubled}


class Answer(msgspec.Struct, frozen=True, cache_hash=True):
    """What the platform gets to hear, to the byte."""

    status: int = 200
    body: bytes = b""
    content_type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


class Verified(msgspec.Struct, frozen=True):
    """Authentic and readable: to be stored, then answered with `Verifier.answer`."""

    matched: int = 0
    """Position of the secret set that proved it, for the log: which, never what."""


class Handshake(msgspec.Struct, frozen=True):
    """The platform checks the address: give exactly this answer and store nothing."""

    answer: Answer
    lease: "Lease | None" = None
    """What it says of a subscription, where it does."""


class Lease(msgspec.Struct, frozen=True):
    """The word of a hub: how long it will send a topic, or that it will not."""

    topic: str
    seconds: int
    """0 when it was denied."""
    reason: str = ""


class Refused(msgspec.Struct, frozen=True):
    """The proof is missing, wrong, too old or not configured: always the same 401."""

    reason: str
    """For the metric's label and never for the answer: `signature`, `timestamp`, `header`, …"""
    status: int = 401
    """204, 403 or 404 where the scheme's own text prescribes it."""


class Malformed(msgspec.Struct, frozen=True):
    """Authentic, but unreadable for the scheme."""

    status: int
    """400, 413 or 415."""
    reason: str
    """`json`, `xml`, `schema`, `encoding`, `media-type`, `size`, `header`."""


class Ignored(msgspec.Struct, frozen=True):
    """Authentic and of no meaning (a probe, an empty batch): answered, counted, not stored."""

    answer: Answer
    reason: str


Verdict = Verified | Handshake | Refused | Malformed | Ignored


class Item(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing inside a delivery."""

    index: int
    dedup_key: str | None
    """The platform's own key, unique in the adapter's namespace on this channel; without one the
    digest of `canonical` stands in."""
    canonical: bytes
    """What the digest is taken from: decrypted, keys sorted, without the volatile fields."""
    content: Any
    """The decoded item, for `normalise` and for mappings."""
    time: datetime | None = None
    """When its envelope says it happened, for items that do not say so themselves."""
    is_snapshot: bool = False
    """A counter by its type: the same key with other content is a correction, not a conflict. Where
    the item has a meaning, that decides."""


class Unreadable(Exception):
    """The stored request cannot be split: the whole delivery is one failed item."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ItemFailed(Exception):
    """One item cannot be read; its siblings can. It is kept, shown and never counted."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field = field
        self.detail = detail


class Context(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an item is read against. The same for all items of a delivery."""

    channel_id: UUID
    channel_external_id: str
    platform: str
    id_scope: str
    """From `mediaops_common.platforms.id_scope`; goes into every actor."""
    timezone: str
    """The workspace's zone, for platforms that send local times."""
    received_at: datetime


class ActivityDraft(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An activity without what the spine adds: ids, workspace, channel, source, delivery."""

    type: str
    occurred_at: datetime
    actor: Actor | None = None
    content: str | None = None
    """The platform's id of the content."""
    count: int = 1
    value: Money | None = None
    text: str | None = None
    parent_external_id: str | None = None
    context: dict[str, Any] = msgspec.field(default_factory=dict)
    """A `region` in it is what activities are counted by; one that is too long counts as none, so
    that no adapter has to refuse an act for where it happened."""
    by_channel: bool = False
    """The adapter knows that the actor is the channel itself. The spine says so too when the
    actor's id is the channel's."""


class SnapshotDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A platform's own counter, likewise."""

    metric: str
    value: int
    kind: SnapshotKind
    as_of: datetime
    day: date | None = None
    content: str | None = None


class Unmapped(msgspec.Struct, frozen=True):
    """Authentic, readable, and of no known meaning: kept, never counted."""

    reason: str


Draft = ActivityDraft | SnapshotDraft | Unmapped


class Verifier(Protocol):
    """One source's proof, prepared once and used for every request."""

    def verify(self, request: Request) -> Verdict:
        """Decides in constant time over the raw bytes. Never raises, whatever the bytes are;
        refuses what it has no secret for."""
        ...

    def answer(self, request: Request, verified: Verified) -> Answer:
        """The platform's own 2xx, for repeats and conflicts too."""
        ...


class Adapter(Protocol):
    """A wire scheme."""

    @property
    def declaration(self) -> Declaration:
        """Its name, namespace, limits and keys."""
        ...

    def prepare(self, secrets: Sequence[SecretSet], config: Mapping[str, Any]) -> Verifier:
        """The verifier for these live secret sets, newest first.

        Raises `declaration.BadSetting` naming the key whose value cannot be one.
        """
        ...

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        """The items of a stored request; `secrets` includes retired sets, for decryption.

        Raises `Unreadable`.
        """
        ...

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        """What the item means: never empty, `Unmapped` when it means nothing known.

        Raises `ItemFailed`.
        """
        ...

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request | None:
        """A signed request as the platform would send it, whose event is unknown and so never
        counted. None where only the platform can sign."""
        ...
