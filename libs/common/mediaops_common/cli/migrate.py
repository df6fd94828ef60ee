"""`mediaops migrate`."""

from typing import TYPE_CHECKING, Annotated

import typer

from mediaops_common.cli.options import AsJson, DataDir, settings_for

if TYPE_CHECKING:
    from mediaops_common.settings import Settings

__all__ = ["migrate"]


def migrate(
    service: Annotated[str | None, typer.Argument(help="One service; else all.")] = None,
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Brings databases to the newest version, on PostgreSQL as the role that owns the tables.

    `up` and `serve` do it too when they start, where they may.
    """
    from contextlib import nullcontext

    from mediaops_common.cli.data_dir import owned
    from mediaops_common.cli.once import run_once
    from mediaops_common.cli.printing import print_json

    settings = settings_for(data)
    is_shared = settings.store.database_url is not None
    with nullcontext() if is_shared else owned(settings.store.data):
        found = run_once(settings, _migrate(settings, service))
    done = [name for name in found if found[name]]
    if as_json:
        print_json({"migrated": done, "newer": [name for name in found if not found[name]]})
        return
    for name in found:
        if not found[name]:
            print(f"a newer version has migrated {name}: it is left as it is")
    if done:
        print(f"up to date: {', '.join(done)}")


async def _migrate(settings: "Settings", only: str | None) -> dict[str, bool]:
    """Service → whether its tables are of this version now; else they are of a newer one."""
    from mediaops_common.cli.process import load_services
    from mediaops_common.schema import or_exit, upgrade

    services = load_services(None if only is None else [only])
    done = {}
    for service in services.values():
        with or_exit(service.name):
            done[service.name] = await upgrade(service, settings.store)
    return done
