"""`mediaops import`: a file of activities, sent as any other system would send it."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mediaops_common.cli.options import AsJson, DataDir, Token, Url, WorkspaceSlug, settings_for
from mediaops_common.cli.rows import activities_in, rows_in

if TYPE_CHECKING:
    from mediaops_common.cli.connection import Connection

__all__ = ["import_file"]

BATCH, BATCH_BYTES = 500, 1024 * 1024
"""Of one request: the first that is reached. Of three-byte characters 500 rows can be more than a
system takes."""
PATIENCE_SECONDS = 120.0
"""Each request waits so long for a system that is busy, as every sender does."""


def import_file(
    file: Annotated[Path, typer.Argument(help="A JSON array, NDJSON, or CSV with a header.")],
    channel: Annotated[str, typer.Option(help="The id of the channel that it belongs to.")],
    mapping: Annotated[
        Path | None, typer.Option(help="A mapping (JSON) for rows that are not canonical.")
    ] = None,
    workspace: WorkspaceSlug = "default",
    data: DataDir = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Imports a file. A row that came before, by this way or another, counts once.

    Without a mapping each row is a canonical activity; a column of a CSV file names a field in a
    field with a dot, as in actor.external_id. With a mapping, each row is sent as a signed request
    through a source of the channel that is named after the mapping.
    """
    from mediaops_common.cli.connection import connect, or_exit

    connection = connect(
        settings_for(data), url=url, token=token, workspace=workspace, role="owner"
    )
    connection.patience = PATIENCE_SECONDS
    try:
        rows = activities_in(file) if mapping is None else rows_in(file)
        document: Any = None if mapping is None else json.loads(mapping.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SystemExit(f"{file} cannot be read: {error}") from None
    result = {"rows": len(rows), "accepted": 0, "rejected": []}
    try:
        with or_exit():
            if mapping is None:
                _post(connection, rows, channel, result)
            else:
                hook, secret = _source(connection, channel, f"import {mapping.stem}", document)
                _send(connection, rows, hook, secret, result)
    finally:
        # Whatever ended it: what was taken before stays taken.
        _tell(result, as_json=as_json)
    if result["rejected"]:
        raise SystemExit(1)


def _tell(result: dict[str, Any], *, as_json: bool) -> None:
    from mediaops_common.cli.printing import print_json

    if as_json:
        print_json(result)
        return
    print(f"{result['accepted']} of {result['rows']} rows accepted")
    for refused in result["rejected"][:20]:
        print(f"row {refused['index']}: {refused['field']} {refused['detail']}")


def _post(
    connection: "Connection", rows: list[dict[str, Any]], channel: str, result: dict[str, Any]
) -> None:
    for start, batch in _batches([{"channel_id": channel, **row} for row in rows]):
        answer = connection.post("/ingest/v1/activities", batch)
        result["accepted"] += answer["accepted"]
        result["rejected"] += [{**one, "index": one["index"] + start} for one in answer["rejected"]]


def _batches(rows: list[dict[str, Any]]) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Each with the place of its first row."""
    from mediaops_common.cli.connection import encoded

    start = size = 0
    for place, row in enumerate(rows):
        more = len(encoded(row)) + len(", ")
        if place - start == BATCH or (place > start and size + more > BATCH_BYTES):
            yield start, rows[start:place]
            start, size = place, 0
        size += more
    if rows:
        yield start, rows[start:]


def _send(
    connection: "Connection",
    rows: list[dict[str, Any]],
    hook: str,
    secret: str,
    result: dict[str, Any],
) -> None:
    from mediaops_common.cli.connection import encoded

    key = base64.b64decode(secret.removeprefix("whsec_"))
    for index, row in enumerate(rows):
        body = encoded(row, sort_keys=True)
        # The same row has the same id, in whatever file and however often it comes.
        row_id = "row_" + hashlib.blake2b(body, digest_size=16).hexdigest()
        moment = str(int(time.time()))
        signed = hmac.digest(key, f"{row_id}.{moment}.".encode() + body, hashlib.sha256)
        status = connection.knock(
            hook,
            body,
            {
                "Content-Type": "application/json",
                "webhook-id": row_id,
                "webhook-timestamp": moment,
                "webhook-signature": "v1," + base64.b64encode(signed).decode(),
            },
        )
        if 200 <= status < 300:
            result["accepted"] += 1
        else:
            detail = f"answered {status}"
            result["rejected"].append({"index": index, "field": "", "detail": detail})


def _source(
    connection: "Connection", channel: str, name: str, mapping: dict[str, Any]
) -> tuple[str, str]:
    """The hook URL and a fresh secret of the import's source, made the first time."""
    listed = connection.get("/ingest/v1/sources", channel_id=channel, limit=1000)["items"]
    known = next((source for source in listed if source["name"] == name), None)
    if known is None:
        body = {"channel_id": channel, "adapter": "standard-webhooks", "name": name}
        made = connection.post("/ingest/v1/sources", {**body, "mapping": mapping})
        return made["hook_url"], made["secrets"]["secret"]
    path = f"/ingest/v1/sources/{known['id']}"
    source = connection.get(path)
    if source["mapping"] != mapping:
        version = f'"{source["version"]}"'
        connection.call("PATCH", path, {"mapping": mapping}, **{"If-Match": version})
    rotated = connection.post(f"{path}/rotate-secret", {})
    return source["hook_url"], rotated["secrets"]["secret"]
