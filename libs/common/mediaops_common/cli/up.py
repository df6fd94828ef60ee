"""`mediaops up`: all services in one process."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mediaops_common.cli.options import DataDir, settings_for

if TYPE_CHECKING:
    from mediaops_common.settings import Settings

__all__ = ["up"]


def up(
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option(help="The port; 0 takes a free one.", min=0, max=65535)
    ] = None,
    data: DataDir = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Add a workspace with history and live traffic.")
    ] = False,
    timezone: Annotated[
        str | None, typer.Option(help="The time zone of the workspace `default`.")
    ] = None,
    public_url: Annotated[
        str | None, typer.Option(help="What hook URLs begin with, behind a proxy.")
    ] = None,
) -> None:
    """Runs everything in one process. The first start makes keys, databases and a workspace."""
    import uvloop

    from mediaops_common.cli.data_dir import owned
    from mediaops_common.cli.process import leave
    from mediaops_common.logs import configure_logs

    _check_zone(timezone)
    settings = _at(settings_for(data, public_url=public_url), host, port)
    configure_logs(settings.log)
    with owned(settings.store.data):
        uvloop.run(_run(settings, demo=demo, timezone=timezone))
    leave()


def _at(settings: "Settings", host: str | None, port: int | None) -> "Settings":
    from dataclasses import replace

    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    return replace(settings, http=settings.http.model_copy(update=given))


def _check_zone(name: str | None) -> None:
    from mediaops_common.zones import zone

    if name is not None:
        try:
            zone(name)
        except (OSError, ValueError, KeyError):
            raise SystemExit(f"{name} is not a time zone such as Asia/Shanghai") from None


async def _run(settings: "Settings", *, demo: bool, timezone: str | None) -> None:
    from mediaops_common.cli.first_start import Opening
    from mediaops_common.cli.process import Plan, installed_console, load_services, owner_of, run
    from mediaops_common.keys import make_keys

    data: Path = settings.store.data
    make_keys(settings.keys, data / "keys")
    services = load_services(settings.store.services)
    opening = Opening(settings, has_ingest="ingest" in services, demo=demo, timezone=timezone)
    plan = Plan(
        settings=settings,
        services=list(services.values()),
        owner=owner_of(settings),
        console=installed_console(),
        on_ready=opening.tell,
    )
    try:
        await run(plan)
    finally:
        (data / "url").unlink(missing_ok=True)
