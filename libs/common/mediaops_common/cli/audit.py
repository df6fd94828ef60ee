"""`mediaops audit`."""

import time
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mediaops_common.cli.options import AsJson, DataDir, Token, Url, settings_for

if TYPE_CHECKING:
    from mediaops_common.cli.connection import Connection

__all__ = ["audit"]

CONSUMERS = ("crm", "insights")
ROWS = 20_000
"""Rows of the groups in one request: the counters are permanent, a request's body has a limit."""
APART = ("pending", "in_flight", "failed", "conflicts", "parked", "dropped", "cancelled")


def audit(
    wait: Annotated[
        float, typer.Option(help="Seconds to wait until nothing is under way.", min=0)
    ] = 0,
    data: DataDir = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Compares what was received, numbered and applied. Ends with 1 when anything is left over."""
    from mediaops_common.cli.connection import connect_operator, or_exit
    from mediaops_common.cli.printing import print_json

    connection = connect_operator(settings_for(data), url=url, token=token)
    deadline = time.monotonic() + wait
    with or_exit():
        found = _compare(connection)
        while _is_under_way(found) and time.monotonic() < deadline:
            time.sleep(0.2)
            found = _compare(connection)
    if as_json:
        print_json(found)
    else:
        _show(found)
    if found["residual"]:
        raise SystemExit(1)


def _compare(connection: "Connection") -> dict[str, Any]:
    """The consumers are asked first: what ingest numbers meanwhile is then known as in flight."""
    groups: list[Any] = []
    for service in CONSUMERS:
        report = connection.find(f"/{service}/v1/admin/audit")
        groups += report["groups"] if report else []
    whole: dict[str, Any] = {}
    for first, last in _spans(Counter(row["day"] for group in groups for row in group["rows"])):
        part = connection.post(
            "/ingest/v1/admin/audit",
            {
                "groups": [_within(group, first, last) for group in groups],
                "first_day": first,
                "last_day": last,
            },
        )
        whole = {name: whole[name] + value for name, value in part.items()} if whole else part
    return {"pending": connection.get("/ingest/v1/admin/lag")["pending"], **whole}


def _spans(rows: Mapping[int, int]) -> list[tuple[int | None, int | None]]:
    """All days there are, cut so that each span has about `ROWS` rows; `rows` says how many a day
    has."""
    cuts: list[int] = []
    room = ROWS
    for day in sorted(rows):
        if rows[day] > room and room < ROWS:
            cuts.append(day)
            room = ROWS
        room -= rows[day]
    return list(zip([None, *cuts], [*(day - 1 for day in cuts), None], strict=True))


def _within(group: dict[str, Any], first: int | None, last: int | None) -> dict[str, Any]:
    rows = [
        row
        for row in group["rows"]
        if (first is None or row["day"] >= first) and (last is None or row["day"] <= last)
    ]
    return {**group, "rows": rows}


def _is_under_way(found: dict[str, Any]) -> bool:
    return bool(found["pending"] or found["in_flight"])


def _show(found: dict[str, Any]) -> None:
    from mediaops_common.cli.printing import print_rows

    sums: dict[str, dict[str, Any]] = {}
    columns = ["group", "numbered", "applied", "in_flight", "parked", "dropped", "cancelled"]
    for item in found["items"]:
        row = sums.setdefault(item["group"], {"group": item["group"], "residual": 0})
        for name in columns[1:]:
            row[name] = row.get(name, 0) + item[name]
        row["residual"] += abs(item["residual"])
    if sums:
        print_rows(list(sums.values()), [*columns, "residual"])
    wrong = [item for item in found["items"] if item["residual"]]
    if wrong:
        print_rows(wrong, ["group", "source_id", "day", "numbered", "applied", "residual"])
    apart = ", ".join(f"{name.replace('_', ' ')} {found.get(name, 0)}" for name in APART)
    print(f"received {found['received']}, residual {found['residual']} ({apart})")
