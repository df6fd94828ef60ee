"""A URL picks the bus; nothing else asks where it runs."""

import re
from pathlib import Path
from urllib.parse import parse_qsl

from pydantic import ValidationError

from mediaops_common.bus.embedded import EmbeddedBus
from mediaops_common.bus.port import Bus
from mediaops_common.bus.prefixed import PrefixedBus
from mediaops_common.settings import BusSettings

__all__ = ["open_bus"]

BROKER = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")


async def open_bus(url: str, settings: BusSettings | None = None) -> Bus:
    """Opens `sqlite:///file` or `kafka://host:port[,host:port…]`, with settings as a query behind
    it where they shall differ from the others. Raises ValueError, with a sentence, for what is
    neither."""
    settings = settings or BusSettings()
    address, _, query = url.partition("?")
    scheme, _, rest = address.partition("://")
    if query:
        settings = _changed(settings, dict(parse_qsl(query, keep_blank_values=True)))
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
    try:
        changed = BusSettings.model_validate({**settings.model_dump(), **given})
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)[0]
        raise ValueError(f"{found['loc'][0]} in the bus URL: {found['msg']}") from None
    if contradiction := changed.contradiction():
        raise ValueError(contradiction)
    return changed


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

    if not all(BROKER.fullmatch(broker) for broker in servers.split(",")):
        # It is not shown: it may hold a password.
        raise ValueError(
            "MEDIAOPS_BUS_URL: kafka:// and host:port, with more behind commas; name and password"
            " are settings of their own"
        )
    bus = KafkaBus(servers, settings)
    await bus.open()
    return PrefixedBus(bus, settings.prefix) if settings.prefix else bus
