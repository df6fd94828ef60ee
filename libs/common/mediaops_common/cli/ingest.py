"""`mediaops ingest republish`."""

from typing import Annotated

import typer

from mediaops_common.cli.options import AsJson, DataDir, Token, Url, command_group, settings_for

__all__ = ["app"]

app = command_group("Operations of ingest.")


@app.callback()
def _about() -> None:
    """Operations of ingest."""


@app.command("republish")
def republish(
    since: Annotated[
        str, typer.Option(help="A day or RFC 3339: all received from then on is sent again.")
    ],
    data: DataDir = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Sends the archive to the bus again from a moment on; consumers skip what they have."""
    from mediaops_common.cli.connection import connect_operator, or_exit
    from mediaops_common.cli.printing import print_json

    connection = connect_operator(settings_for(data), url=url, token=token)
    with or_exit():
        found = connection.post("/ingest/v1/admin/republish", {"since": since})
    if as_json:
        print_json(found)
    else:
        print(f"{found['shards']} shards go back to {since}")
