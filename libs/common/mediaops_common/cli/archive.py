"""`mediaops archive`."""

from typing import Annotated

import typer

from mediaops_common.cli.options import AsJson, DataDir, Token, Url, WorkspaceSlug

__all__ = ["archive"]


def archive(
    from_: Annotated[str | None, typer.Option("--from", help="A day or a moment.")] = None,
    to: Annotated[str | None, typer.Option(help="A day (inclusive) or a moment.")] = None,
    channel: Annotated[str | None, typer.Option(help="The id of a channel.")] = None,
    type_: Annotated[str | None, typer.Option("--type", help="Such as like.created.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=100_000)] = 100,
    workspace: WorkspaceSlug = "default",
    data: DataDir = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Lists activities and snapshots of the archive."""
    from mediaops_common.cli.listing import print_list

    print_list(
        "/ingest/v1/events",
        ["occurred_at", "type", "channel_id", "id"],
        workspace=workspace,
        data=data,
        url=url,
        token=token,
        as_json=as_json,
        most=limit,
        from_=from_,
        to=to,
        channel_id=channel,
        type=type_,
    )
