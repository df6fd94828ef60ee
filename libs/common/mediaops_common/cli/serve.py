"""`mediaops serve`: one service, from the environment."""

from contextlib import nullcontext
from dataclasses import replace
from enum import StrEnum
from typing import Annotated

import typer

from mediaops_common.cli.options import settings_for

__all__ = ["serve"]


class Role(StrEnum):
    api = "api"
    worker = "worker"
    all = "all"


def serve(
    service: Annotated[str, typer.Argument(help="ingest, content, crm, insights, or console.")],
    role: Annotated[Role, typer.Option(help="What this process does.")] = Role.all,
) -> None:
    """Runs one service, or the console's page alone. A worker answers only for its health and
    metrics."""
    import uvloop

    from mediaops_common.cli.data_dir import owned
    from mediaops_common.cli.process import Plan, leave, load_services, owner_of, run, run_page
    from mediaops_common.logs import configure_logs

    settings = settings_for(None)
    configure_logs(settings.log)
    if service == "console":
        uvloop.run(run_page(settings))
        leave()
    chosen = load_services([service])[service]
    if role is Role.worker:
        chosen = replace(chosen, routers=(), front=None, direct=None)
    is_shared = settings.store.is_shared
    plan = Plan(
        settings=settings,
        services=[chosen],
        owner=owner_of(settings),
        has_workers=role is not Role.api,
    )
    with nullcontext() if is_shared else owned(settings.store.data):
        if not is_shared:
            from mediaops_common.keys import make_keys

            make_keys(settings.keys, settings.store.data / "keys")
        uvloop.run(run(plan))
    leave()
