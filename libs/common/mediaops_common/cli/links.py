"""The link that signs a person in to the console."""

from datetime import timedelta
from typing import TYPE_CHECKING

from mediaops_common.cli.options import sign

if TYPE_CHECKING:
    from mediaops_common.settings import Settings

__all__ = ["sign_in_link"]


def sign_in_link(settings: "Settings", url: str, workspace: str) -> str:
    """The console's address with an owner's token for 12 hours.

    The token stands in the fragment: browsers send that to no server, so it is in no log.
    """
    token = sign(
        settings, workspace=workspace, role="owner", lifetime=timedelta(hours=12), subject="owner"
    )
    return f"{url.rstrip('/')}/#token={token}"
