"""`mediaops dump` and `mediaops load`."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mediaops_common.cli.options import AsJson, DataDir, settings_for

if TYPE_CHECKING:
    from mediaops_common.carrying.file import Manifest
    from mediaops_common.service import Service
    from mediaops_common.settings import Settings, StoreSettings

    Carry = Callable[[Sequence[Service], StoreSettings, Path], Awaitable[Manifest]]

__all__ = ["dump", "load"]

File = Annotated[Path, typer.Argument(help="The file.", metavar="FILE")]


def dump(file: File, data: DataDir = None, as_json: AsJson = False) -> None:
    """Writes all data of a stopped system into one file; keys and the bus are not in it."""
    from mediaops_common import carrying

    settings = settings_for(data)
    store = settings.store
    if store.database_url is None and not (store.data / "ingest.db").exists():
        raise SystemExit(f"there is no data in {store.data}")
    _report(_carried(carrying.dump, settings, file), as_json=as_json)


def load(file: File, data: DataDir = None, as_json: AsJson = False) -> None:
    """Puts a dump into databases without rows, such as MEDIAOPS_DATABASE_URL names them."""
    from mediaops_common import carrying

    if not file.exists():
        raise SystemExit(f"there is no file {file}")
    _report(_carried(carrying.load, settings_for(data), file), as_json=as_json)


def _carried(carry: "Carry", settings: "Settings", file: Path) -> "Manifest":
    from mediaops_common.cli.data_dir import owned
    from mediaops_common.cli.once import run_once
    from mediaops_common.cli.process import load_services
    from mediaops_common.schema import or_exit, refuse_company

    async def run() -> "Manifest":
        services = list(load_services(settings.store.services).values())
        for service in services:
            with or_exit(service.name):
                await refuse_company(service, settings.store)
        return await carry(services, settings.store, file)

    is_shared = settings.store.database_url is not None
    with nullcontext() if is_shared else owned(settings.store.data):
        try:
            return run_once(settings, run())
        except (FileExistsError, ValueError) as error:
            raise SystemExit(f"{file}: {error}; nothing was carried") from None


def _report(manifest: "Manifest", *, as_json: bool) -> None:
    from mediaops_common.cli.printing import print_json, print_rows

    rows = [
        {"service": service, "rows": sum(member.rows for member in members.values())}
        for service, members in manifest.members.items()
    ]
    if as_json:
        print_json(rows)
    else:
        print_rows(rows, ["service", "rows"])
