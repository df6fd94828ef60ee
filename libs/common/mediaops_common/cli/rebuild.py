"""`mediaops rebuild`."""

import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mediaops_common.cli.options import AsJson, DataDir, Token, Url, settings_for

if TYPE_CHECKING:
    from mediaops_common.cli.connection import Connection

__all__ = ["rebuild"]


class Projecting(StrEnum):
    """The services whose numbers are projections."""

    crm = "crm"
    insights = "insights"


def rebuild(
    service: Annotated[Projecting, typer.Argument(help="Whose.")],
    anew: Annotated[bool, typer.Option("--anew", help="Instead of one that is under way.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait until it is swapped in.")] = True,
    data: DataDir = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Rebuilds a service's projections from the archive beside the live ones, then swaps them."""
    from mediaops_common.cli.connection import connect_operator, or_exit
    from mediaops_common.cli.printing import print_json

    connection = connect_operator(settings_for(data), url=url, token=token)
    path = f"/{service}/v1/admin/rebuilds"
    with or_exit():
        found: dict[str, Any] = connection.post(f"{path}?anew=true" if anew else path)
        if wait:
            found = _follow(connection, path, found["id"], quiet=as_json)
    if as_json:
        print_json(found)
    else:
        print(f"rebuild {found['id']} {found['state']}")
    if wait and found["state"] != "done":
        raise SystemExit(1)


def _follow(connection: "Connection", path: str, rebuild_id: str, *, quiet: bool) -> dict[str, Any]:
    """Polls until the rebuild ends, and tells of each new state."""
    state = ""
    while True:
        items = connection.get(path)["items"]
        found: dict[str, Any] = next(item for item in items if item["id"] == rebuild_id)
        if found["state"] in {"done", "superseded"}:
            return found
        if found["state"] != state and not quiet:
            state = found["state"]
            print(f"rebuild {rebuild_id} {state}", flush=True)
        time.sleep(0.3)
