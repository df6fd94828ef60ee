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
    from mediaops_common.cli.connection import find_url
    from mediaops_common.cli.links import sign_in_link

    settings = settings_for(data)
    found = sign_in_link(settings, settings.store.public_url or find_url(settings, url), workspace)
    if as_json:
        import json

        print(json.dumps({"url": found}))
    else:
        print(found)
