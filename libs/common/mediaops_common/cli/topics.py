"""`mediaops topics`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mediaops_common.cli.options import AsJson, settings_for

if TYPE_CHECKING:
    from mediaops_common.settings import Settings

__all__ = ["topics"]


def topics(
    bus_url: Annotated[str | None, typer.Option(help="The bus; else MEDIAOPS_BUS_URL.")] = None,
    as_json: AsJson = False,
) -> None:
    """Makes the topics that are missing on Kafka, as the settings say. `serve` does it too."""
    from mediaops_common.cli.once import run_once
    from mediaops_common.cli.printing import print_json, print_rows

    settings = settings_for(None, bus_url=bus_url)
    found, wanted = run_once(settings, _make(settings)), settings.bus
    for row in found:
        if wanted.partitions not in (None, row["partitions"]):
            typer.echo(
                f"{row['topic']} has {row['partitions']} partitions, not {wanted.partitions}: it"
                " was there already; Kafka's own tools add some, none are taken away",
                err=True,
            )
        kept = row["retention_days"]
        if kept != wanted.retention_days:
            told = "for ever" if kept is None else f"for {kept:g} days"
            typer.echo(
                f"{row['topic']} keeps records {told}, not for {wanted.retention_days:g} days: it"
                " was there already; Kafka's own tools change its retention.ms",
                err=True,
            )
    if as_json:
        print_json(found)
    else:
        print_rows(found, ["topic", "partitions", "retention_days"])


async def _told(bus: Any, name: str) -> dict[str, Any]:
    partitions = (await bus.topic(name)).partitions
    kept = await bus.retention_days(name)
    return {"topic": str(name), "partitions": partitions, "retention_days": kept}


async def _make(settings: "Settings") -> list[dict[str, Any]]:
    from mediaops_common.bus.open import open_bus
    from mediaops_common.bus.port import BusUnavailable
    from mediaops_common.events.base import Topic

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
        return [await _told(bus, name) for name in Topic]
    except BusUnavailable as error:
        raise SystemExit(f"{error} (see docs/settings.md, the bus)") from None
    finally:
        await bus.close()
