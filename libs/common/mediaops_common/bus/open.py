"""A URL picks the bus; nothing else asks where it runs."""

from pathlib import Path

from mediaops_common.bus.embedded import EmbeddedBus
from mediaops_common.bus.port import Bus

__all__ = ["open_bus"]


async def open_bus(url: str, *, partitions: int = 2, retention_seconds: float = 604_800) -> Bus:
    """Opens `sqlite:///file`."""
    scheme, _, rest = url.partition("://")
    if scheme != "sqlite":
        raise ValueError(f"a bus URL begins with sqlite:///, not {scheme}://")
    bus = EmbeddedBus(
        Path(rest.removeprefix("/")), partitions=partitions, retention_seconds=retention_seconds
    )
    await bus.open()
    return bus
