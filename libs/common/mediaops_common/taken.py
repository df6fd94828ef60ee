"""Records that a group takes, with their events decoded off the event loop."""

import asyncio
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from mediaops_common.bus.port import Record
from mediaops_common.events import Event, decode

__all__ = ["Taken", "take"]


@dataclass(eq=False)
class Taken:
    """One record whose number was the next of its lane, with its event."""

    record: Record
    event: Event | None
    error: str | None = None
    trace: str | None = None
    """The traceparent that the event came with."""
    attempts: int = 1
    """How often it was tried, where it cannot be handled."""


async def take(
    records: Sequence[Record], wanted: Container[type[Event]] | None = None
) -> list[Taken]:
    """Decodes in slices, so that nothing holds the event loop for long. What is not wanted is
    taken without its event: it has no effect but that its number has come."""
    taken: list[Taken] = []
    for start in range(0, len(records), 500):
        part = records[start : start + 500]
        if len(records) > 50:
            taken += await asyncio.to_thread(_decode_all, part, wanted)
        else:
            taken += _decode_all(part, wanted)
    return taken


def _decode_all(records: Iterable[Record], wanted: Container[type[Event]] | None) -> list[Taken]:
    taken = []
    for record in records:
        if record.kind == "void":
            taken.append(Taken(record, None))
            continue
        try:
            envelope, event = decode(record.value, wanted)
            taken.append(Taken(record, event, trace=envelope.traceparent))
        except Exception as error:  # whatever cannot be read is parked with the reason
            taken.append(Taken(record, None, f"{type(error).__name__}: {error}"))
    return taken
