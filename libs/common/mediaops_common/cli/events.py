"""`mediaops events`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from mediaops_common.cli.options import AsJson

__all__ = ["events"]


def events(
    write: Annotated[
        bool, typer.Option("--write", help="Write docs and schemas anew (in a checkout).")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Lists the events that services tell each other, who sends them and who listens."""
    from mediaops_common.cli.printing import print_json, print_rows
    from mediaops_common.cli.process import load_services
    from mediaops_common.events.documentation import overview

    if write:
        changed = _write()
        if as_json:
            print_json([str(path) for path in changed])
        else:
            print("\n".join(f"written: {path}" for path in changed) or "nothing has changed")
        return
    rows = overview(list(load_services().values()))
    if as_json:
        print_json(rows)
    else:
        shown = [{**row, "heard_by": ", ".join(row["heard_by"])} for row in rows]
        print_rows(shown, ["type", "sent_by", "heard_by", "about"])


def _write() -> list[Path]:
    """The schemas, then the two documents; returns what changed."""
    from mediaops_common.cli.process import load_services
    from mediaops_common.events.asyncapi import asyncapi
    from mediaops_common.events.documentation import events_page
    from mediaops_common.events.published import FOLDER, publish

    docs = FOLDER.parents[4] / "docs"
    if not docs.is_dir():
        raise SystemExit("this is no checkout: there is no docs folder to write to")
    changed = publish()
    services = list(load_services().values())
    document = json.dumps(asyncapi(services), ensure_ascii=False, indent=2) + "\n"
    for path, text in (
        (docs / "events.md", events_page(services)),
        (docs / "asyncapi.json", document),
    ):
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            changed.append(path)
    return changed
