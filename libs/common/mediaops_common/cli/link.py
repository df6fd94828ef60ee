"""`mediaops link`."""

from typing import Annotated

import typer

from mediaops_common.cli.options import AsJson, DataDir, Url, settings_for

__all__ = ["link"]


def link(
    workspace: Annotated[str, typer.Option(help="The workspace to sign in to.")] = "default",
    data: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Prints another sign-in link for the console."""
    from mediaops_common.cli.connection import connect, find_public_url
    from mediaops_common.cli.links import sign_in_link

    settings = settings_for(data)
    found = sign_in_link(settings, find_public_url(settings, url), workspace)
    if settings.store.public_url is None:
        # A link that lets nobody in is worse than none. Behind a proxy it may run elsewhere.
        connect(settings, url=url, token=None, workspace=workspace).find("/ingest/v1/me")
    if as_json:
        import json

        print(json.dumps({"url": found}))
    else:
        print(found)
