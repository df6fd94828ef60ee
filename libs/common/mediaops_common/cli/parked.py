"""`mediaops parked list | retry | drop`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mediaops_common.cli.options import AsJson, DataDir, Token, Url, command_group, settings_for

if TYPE_CHECKING:
    from pathlib import Path

    from mediaops_common.cli.connection import Connection

__all__ = ["app"]

SERVICES = ("ingest", "content", "crm", "insights")

app = command_group("Events that a consumer could not handle.")

OneService = Annotated[
    str | None, typer.Option("--service", help="Only this service.", metavar="SERVICE")
]
ParkedId = Annotated[str | None, typer.Argument(help="The id of a parked event.")]
All = Annotated[bool, typer.Option("--all", help="All that are parked now.")]


@app.command("list")
def list_parked(
    service: OneService = None,
    data: DataDir = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Lists them, with what went wrong."""
    from mediaops_common.cli.printing import print_json, print_rows

    items = _open_items(_connect(data, url, token), service)
    if as_json:
        print_json(items)
    else:
        print_rows(items, ["id", "service", "group", "type", "attempts", "state", "error"])


@app.command("retry")
def retry_parked(
    parked_id: ParkedId = None,
    everything: All = False,
    service: OneService = None,
    data: DataDir = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Applies a parked event again, once its cause is mended."""
    _act("retry", parked_id, everything, service, _connect(data, url, token), as_json)


@app.command("drop")
def drop_parked(
    parked_id: ParkedId = None,
    everything: All = False,
    service: OneService = None,
    data: DataDir = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Gives a parked event up. It stays, marked, and the audit tells of it."""
    _act("drop", parked_id, everything, service, _connect(data, url, token), as_json)


def _connect(data: "Path | None", url: str | None, token: str | None) -> "Connection":
    from mediaops_common.cli.connection import connect_operator

    return connect_operator(settings_for(data), url=url, token=token)


def _open_items(connection: "Connection", only: str | None) -> list[dict[str, Any]]:
    from mediaops_common.cli.connection import Answered
    from mediaops_common.cli.listing import read_pages

    items = []
    for service in [only] if only else SERVICES:
        try:
            found = read_pages(connection, f"/{service}/v1/admin/parked", most=100_000)
        except Answered as answer:
            if answer.status == 404 and only is None:
                continue
            raise SystemExit(str(answer)) from None
        items += [{"service": service, **item} for item in found]
    return items


def _act(
    action: str,
    parked_id: str | None,
    everything: bool,
    only: str | None,
    connection: "Connection",
    as_json: bool,
) -> None:
    from mediaops_common.cli.connection import Answered
    from mediaops_common.cli.printing import print_json, print_rows

    if (parked_id is None) != everything:
        raise SystemExit("name one parked event, or pass --all")
    chosen = [
        item
        for item in _open_items(connection, only)
        if (everything and item["state"] == "parked") or item["id"] == parked_id
    ]
    if not chosen and not everything:
        raise SystemExit(f"no event {parked_id} is parked")
    done, failed = [], False
    for item in chosen:
        row = {"id": item["id"], "service": item["service"], "type": item["type"]}
        try:
            path = f"/{item['service']}/v1/admin/parked/{item['id']}/{action}"
            row["state"] = connection.post(path)["state"]
        except Answered as answer:
            row |= {"state": item["state"], "error": str(answer)}
            failed = True
        done.append(row)
    if as_json:
        print_json(done)
    else:
        print_rows(done, ["id", "service", "type", "state", "error"])
    if failed:
        raise SystemExit(1)
