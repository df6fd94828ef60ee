"""Reads lists of a running system for the commands that print them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mediaops_common.cli.connection import connect, or_exit
from mediaops_common.cli.options import settings_for
from mediaops_common.cli.printing import print_json, print_rows

__all__ = ["print_list", "read_pages"]


def read_pages(connection: Any, path: str, *, most: int, **query: Any) -> list[dict[str, Any]]:
    """The items of as many pages as `most` items need."""
    items: list[dict[str, Any]] = []
    after: str | None = None
    while len(items) < most:
        page = connection.get(path, limit=min(1000, most - len(items)), after=after, **query)
        items += page["items"]
        after = page.get("next")
        if after is None:
            break
    return items


def print_list(
    path: str,
    columns: Sequence[str],
    *,
    workspace: str,
    data: Path | None,
    url: str | None,
    token: str | None,
    as_json: bool,
    most: int = 100,
    **query: Any,
) -> None:
    """Prints what a list of the API holds. Exits with the problem's sentence."""
    connection = connect(settings_for(data), url=url, token=token, workspace=workspace)
    with or_exit():
        items = read_pages(connection, path, most=most, **query)
    if as_json:
        print_json(items)
    else:
        print_rows(items, columns)
