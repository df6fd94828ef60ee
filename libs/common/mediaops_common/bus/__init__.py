"""The bus: Kafka, or an embedded durable log."""

from mediaops_common.bus.open import open_bus
from mediaops_common.bus.port import (
    Assigned,
    Bus,
    Chunk,
    Consumer,
    LogBounds,
    Place,
    Record,
    TopicIdentity,
)

__all__ = [
    "Assigned",
    "Bus",
    "Chunk",
    "Consumer",
    "LogBounds",
    "Place",
    "Record",
    "TopicIdentity",
    "open_bus",
]
