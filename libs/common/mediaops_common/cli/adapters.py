"""`mediaops adapters`."""

from mediaops_common.cli.options import AsJson, DataDir, Token, Url, WorkspaceSlug

__all__ = ["adapters"]


def adapters(
    workspace: WorkspaceSlug = "default",
    data: DataDir = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Lists the wire schemes that a source can speak."""
    from mediaops_common.cli.listing import print_list

    print_list(
        "/ingest/v1/adapters",
        ["name", "title", "platform", "proofs", "deadline_seconds"],
        workspace=workspace,
        data=data,
        url=url,
        token=token,
        as_json=as_json,
        most=1000,
    )
