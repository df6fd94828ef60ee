"""`mediaops adapters`."""

from typing import Annotated

import typer

from mediaops_common.cli.options import AsJson, DataDir, Token, Url, WorkspaceSlug, settings_for

__all__ = ["adapters"]

_PATH = "/ingest/v1/adapters"


def adapters(
    name: Annotated[
        str | None, typer.Argument(help="One of them, with everything it says.", metavar="NAME")
    ] = None,
    workspace: WorkspaceSlug = "default",
    data: DataDir = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Lists the wire schemes that a source can speak, or shows one of them whole."""
    from mediaops_common.cli.connection import connect, or_exit
    from mediaops_common.cli.listing import read_pages
    from mediaops_common.cli.printing import print_facts, print_json, print_rows

    connection = connect(settings_for(data), url=url, token=token, workspace=workspace)
    with or_exit():
        known = read_pages(connection, _PATH, most=1000)
    if name is None:
        columns = ["name", "title", "platform", "proofs", "deadline_seconds", "lateness_hours"]
        print_json(known) if as_json else print_rows(known, columns)
        return
    found = next((one for one in known if one["name"] == name), None)
    if found is None:
        raise SystemExit(f"there is no adapter {name}: `mediaops adapters` lists them")
    print_json(found) if as_json else print_facts(found)
