"""The delivery log as others see it: what is appended, what is read, what may go wrong."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol
from uuid import UUID

import msgspec
from mediaops_common.ids import LightId

if TYPE_CHECKING:
    import asyncio

__all__ = [
    "DeliveryKind",
    "DeliveryLog",
    "LogFull",
    "LogUnavailable",
    "LoggedDelivery",
    "NewDelivery",
    "RejectedItem",
    "Told",
]

DeliveryKind = Literal["hook", "activities", "snapshots"]


class RejectedItem(msgspec.Struct, frozen=True, gc=False):
    """An item that was refused inside an accepted request."""

    index: int
    field: str
    detail: str


class NewDelivery(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One inbound request, as it shall be kept. Nothing secret may be in it."""

    id: UUID | LightId
    """Version 7, so that ids rise with time."""
    workspace_id: UUID
    source_id: UUID
    channel_id: UUID | None
    shard: int
    adapter: str
    received_at: datetime
    body: bytes
    kind: DeliveryKind = "hook"
    method: str = "POST"
    path: str = ""
    """What follows the hook key, which itself is never kept."""
    query: bytes = b""
    """As sent, without parameters that carry a secret."""
    headers: Sequence[tuple[bytes, bytes]] = ()
    """Names in lower case, without those that carry a secret."""
    items: int | None = None
    """How many items are in the body; None where only the adapter can tell."""
    rejected: Sequence[RejectedItem] = ()


class LoggedDelivery(NewDelivery, frozen=True, kw_only=True, gc=False):
    """A delivery with its place: `seq` rises in the order in which commits became visible."""

    id: UUID
    seq: int


class LogFull(Exception):
    """Too many requests wait to be written: nothing was kept, the sender shall come again."""


class LogUnavailable(Exception):
    """The log cannot be written, or not in time. What was given may be there or not."""


Told = Callable[[int, Exception | None], None]
"""Called once, later, in the thread of the loop: with the seq of the first of what is durable, or
with LogFull or LogUnavailable."""


class DeliveryLog(Protocol):
    """Append-only, read in commit order. One per process; closed once."""

    @property
    def newest_seq(self) -> int:
        """The seq of the newest delivery that is committed; 0 when there is none."""

    @property
    def backlog(self) -> int:
        """How many deliveries lie above what was noted as read; 0 before the first note."""

    @property
    def trouble(self) -> str | None:
        """Why nothing can be kept at the moment; None while all is well."""

    def append(self, deliveries: Sequence[NewDelivery]) -> "asyncio.Future[list[int]]":
        """Keeps all of them or none, and gives their seqs once they are durable.

        Raises LogFull, or LogUnavailable: then the outcome is unknown and nothing may be
        acknowledged.
        """

    def submit(self, deliveries: Sequence[NewDelivery], told: Told) -> None:
        """The same for who waits in no task. `deliveries` are one at least."""

    async def read(self, after: int, limit: int, max_bytes: int = 8 << 20) -> list[LoggedDelivery]:
        """The next deliveries above `after`, in order: at most `limit`, and no more once their
        bodies pass `max_bytes`. Never leaves one out that would become visible later."""

    async def read_back(self, before: int, after: int, limit: int) -> list[LoggedDelivery]:
        """The newest deliveries between the two seqs, newest first and without their bodies: what
        waits can be counted and shown however large it is."""

    async def get(self, seq: int) -> LoggedDelivery | None: ...

    async def find(self, delivery_id: UUID, hint: datetime | None = None) -> LoggedDelivery | None:
        """The delivery of that id; `hint` (when it was received) says where to look first."""

    async def wait_newer(self, seq: int, timeout: float) -> bool:
        """Returns True as soon as something above `seq` is committed, False after the timeout."""

    async def look(self) -> None:
        """Learns of what other processes have appended."""

    def note_read(self, through: int) -> None:
        """Everything up to `through` is dealt with: it may go by age and is no backlog."""

    async def drop_before(self, moment: datetime) -> int:
        """Removes the days before `moment` that are wholly read, and returns how many."""

    async def close(self) -> None:
        """Writes what waits, then stops. Appends after it raise LogUnavailable."""
