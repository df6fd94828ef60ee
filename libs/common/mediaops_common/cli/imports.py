"""`mediaops import`: a file of activities, sent as any other system would send it."""

import base64
import csv
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mediaops_common.cli.options import AsJson, DataDir, Token, Url, WorkspaceSlug, settings_for

if TYPE_CHECKING:
    from mediaops_common.cli.connection import Connection

__all__ = ["import_file"]

BATCH = 500
PATIENCE_SECONDS = 120.0
"""Each request waits so long for a system that is busy, as every sender does."""

NUMBERS = {"count", "value.amount_minor"}


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
    from mediaops_common.cli.connection import Answered, connect
    from mediaops_common.cli.printing import print_json

    connection = connect(
        settings_for(data), url=url, token=token, workspace=workspace, role="owner"
    )
    connection.patience = PATIENCE_SECONDS
    try:
        rows = list(_rows(file))
        if mapping is None:
            activities = map(_as_activity, rows) if _is_csv(file) else rows
            result = _post(connection, list(activities), channel)
        else:
            result = _send(connection, rows, channel, mapping)
    except (OSError, ValueError, RecursionError) as error:
        raise SystemExit(f"{file} cannot be read: {error}") from None
    except Answered as answer:
        raise SystemExit(str(answer)) from None
    if as_json:
        print_json(result)
    else:
        print(f"{result['accepted']} of {result['rows']} rows accepted")
        for refused in result["rejected"][:20]:
            print(f"row {refused['index']}: {refused['field']} {refused['detail']}")
    if result["rejected"]:
        raise SystemExit(1)


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file, by its suffix."""
    if _is_csv(file):
        yield from _csv_rows(file)
        return
    text = file.read_text("utf-8-sig")
    listed = json.loads(text) if text.lstrip().startswith("[") else map(json.loads, _lines(text))
    for row in listed:
        if not isinstance(row, dict):
            raise ValueError("a row is not an object")
        yield row


def _is_csv(file: Path) -> bool:
    return file.suffix.lower() == ".csv"


def _csv_rows(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines, strict=True)
        try:
            for row in reader:
                if None in row:
                    raise ValueError(f"line {reader.line_num} has more cells than the header")
                yield row
        except csv.Error as error:
            raise ValueError(f"line {reader.line_num}: {error}") from None


def _as_activity(row: dict[str, Any]) -> dict[str, Any]:
    """Cells are text and lie side by side: `actor.external_id` is a field in a field."""
    made: dict[str, Any] = {}
    for name, cell in row.items():
        if not cell:
            continue
        *above, last = name.split(".")
        place = made
        for step in above:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                raise ValueError(f"the columns {step} and {name} contradict each other")
        place[last] = int(cell) if name in NUMBERS and cell.isdecimal() else cell
    return made


def _lines(text: str) -> Iterator[str]:
    return (line for line in text.splitlines() if line.strip())


def _post(connection: "Connection", rows: list[dict[str, Any]], channel: str) -> dict[str, Any]:
    accepted, rejected = 0, []
    for start in range(0, len(rows), BATCH):
        batch = [{"channel_id": channel, **row} for row in rows[start : start + BATCH]]
        answer = connection.post("/ingest/v1/activities", batch)
        accepted += answer["accepted"]
        rejected += [{**one, "index": one["index"] + start} for one in answer["rejected"]]
    return {"rows": len(rows), "accepted": accepted, "rejected": rejected}


def _send(
    connection: "Connection", rows: list[dict[str, Any]], channel: str, mapping: Path
) -> dict[str, Any]:
    document = json.loads(mapping.read_text("utf-8"))
    hook, secret = _source(connection, channel, f"import {mapping.stem}", document)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    accepted, rejected = 0, []
    for index, row in enumerate(rows):
        body = json.dumps(row, ensure_ascii=False, sort_keys=True).encode()
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
            accepted += 1
        else:
            rejected.append({"index": index, "field": "", "detail": f"answered {status}"})
    return {"rows": len(rows), "accepted": accepted, "rejected": rejected}


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
