"""`mediaops workspace create`."""

from typing import Annotated

import typer

from mediaops_common.cli.options import AsJson, DataDir, Token, Url, command_group, settings_for

__all__ = ["app"]

app = command_group("Make workspaces.")


@app.callback()
def _about() -> None:
    """Make workspaces."""


@app.command("create")
def create_workspace(
    slug: Annotated[str, typer.Argument(help="Its short name in tokens: a-z, 0-9 and dashes.")],
    name: Annotated[str | None, typer.Option(help="Its name; the slug, if none is given.")] = None,
    timezone: Annotated[str, typer.Option(help="Where its days begin.")] = "Asia/Shanghai",
    data: DataDir = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Makes a workspace in a running system; the token must be an operator's."""
    from mediaops_common.cli.connection import connect_operator, or_exit
    from mediaops_common.cli.printing import print_json

    connection = connect_operator(settings_for(data), url=url, token=token)
    body = {"slug": slug, "name": name or slug, "timezone": timezone}
    with or_exit():
        made = connection.post("/ingest/v1/workspaces", body)
    if as_json:
        print_json(made)
    else:
        print(f"workspace {made['slug']} {made['id']}")
