"""`mediaops topics`."""

from typing import Annotated, Any

import typer

from mediaops_common.cli.options import AsJson, settings_for

__all__ = ["topics"]


def topics(
    bus_url: Annotated[str | None, typer.Option(help="The bus; else MEDIAOPS_BUS_URL.")] = None,
    as_json: AsJson = False,
) -> None:
    """Makes the topics that are missing on Kafka, as the settings say. `serve` does it too."""
    import asyncio

    from mediaops_common.cli.printing import print_json, print_rows

    found = asyncio.run(_make(bus_url))
    wanted = settings_for(None).bus.partitions
    for row in found:
        if wanted not in (None, row["partitions"]):
            typer.echo(
                f"{row['topic']} has {row['partitions']} partitions, not {wanted}: it was there"
                " already; Kafka's own tools add some, none are taken away",
                err=True,
            )
    if as_json:
        print_json(found)
    else:
        print_rows(found, ["topic", "partitions"])


async def _make(bus_url: str | None) -> list[dict[str, Any]]:
    from mediaops_common.bus.open import open_bus
    from mediaops_common.bus.port import BusUnavailable
    from mediaops_common.events.base import Topic

    settings = settings_for(None, bus_url=bus_url)
    url = settings.store.bus_url or ""
    if not url.startswith("kafka://"):
        raise SystemExit("the embedded bus makes its own topics: MEDIAOPS_BUS_URL names no Kafka")
    try:
        bus = await open_bus(url, settings.bus)
    except ValueError as error:
        raise SystemExit(str(error)) from None
    try:
        if bus.trouble is not None:
            raise SystemExit(bus.trouble)
        return [
            {"topic": str(name), "partitions": (await bus.topic(name)).partitions} for name in Topic
        ]
    except BusUnavailable as error:
        raise SystemExit(f"{error} (see docs/settings.md, the bus)") from None
    finally:
        await bus.close()
