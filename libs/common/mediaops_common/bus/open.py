"""A URL picks the bus; nothing else asks where it runs."""

from pathlib import Path
from urllib.parse import parse_qsl

from mediaops_common.bus.embedded import EmbeddedBus
from mediaops_common.bus.port import Bus
from mediaops_common.bus.prefixed import PrefixedBus
from mediaops_common.settings import BusSettings

__all__ = ["open_bus"]


async def open_bus(url: str, settings: BusSettings | None = None) -> Bus:
    """Opens `sqlite:///file` or `kafka://host:port[,host:port…]`, with settings as a query behind
    it where they shall differ from the others. Raises ValueError for what is neither."""
    settings = settings or BusSettings()
    address, _, query = url.partition("?")
    scheme, _, rest = address.partition("://")
    if query:
        settings = _changed(settings, dict(parse_qsl(query, strict_parsing=True)))
    if scheme == "sqlite":
        bus: Bus = await _embedded(Path(rest.removeprefix("/")), settings)
    elif scheme == "kafka":
        bus = await _kafka(rest.rstrip("/"), settings)
    else:
        raise ValueError(f"a bus URL begins with sqlite:/// or kafka://, not {scheme}://")
    return bus


def _changed(settings: BusSettings, given: dict[str, str]) -> BusSettings:
    unknown = given.keys() - (BusSettings.model_fields.keys() - {"password"})
    if unknown:
        raise ValueError(f"a bus URL cannot set {', '.join(sorted(unknown))}")
    return BusSettings.model_validate({**settings.model_dump(), **given})


async def _embedded(path: Path, settings: BusSettings) -> EmbeddedBus:
    bus = EmbeddedBus(
        path,
        partitions=settings.partitions or 2,
        retention_seconds=settings.retention_days * 86_400,
    )
    await bus.open()
    return bus


async def _kafka(servers: str, settings: BusSettings) -> Bus:
    from mediaops_common.bus.kafka.bus import KafkaBus

    bus = KafkaBus(servers, settings)
    await bus.open()
    return PrefixedBus(bus, settings.prefix) if settings.prefix else bus
