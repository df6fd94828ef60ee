"""The rows of a file that `mediaops import` is given."""

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

__all__ = ["activities_in", "rows_in"]

NUMBERS = {"count", "value.amount_minor"}


def rows_in(file: Path) -> list[dict[str, Any]]:
    """As they are; a cell of a CSV file is a text. Raises OSError, ValueError, RecursionError."""
    return list(_csv_rows(file) if _is_csv(file) else _json_rows(file))


def activities_in(file: Path) -> list[dict[str, Any]]:
    """Likewise, as canonical activities."""
    rows = rows_in(file)
    return list(map(_as_activity, rows)) if _is_csv(file) else rows


def _is_csv(file: Path) -> bool:
    return file.suffix.lower() == ".csv"


def _json_rows(file: Path) -> Iterator[dict[str, Any]]:
    text = file.read_text("utf-8-sig")
    listed = json.loads(text) if text.lstrip().startswith("[") else map(json.loads, _lines(text))
    for row in listed:
        if not isinstance(row, dict):
            raise ValueError("a row is not an object")
        yield row


def _lines(text: str) -> Iterator[str]:
    # Not splitlines: of what it takes for the end of a line, JSON may hold most inside a text.
    return (line for line in text.split("\n") if line.strip())


def _csv_rows(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines, strict=True)
        try:
            _refuse_repeated(reader.fieldnames or ())
            for row in reader:
                if None in row:
                    raise ValueError(f"line {reader.line_num} has more cells than the header")
                yield row
        except csv.Error as error:
            raise ValueError(f"line {reader.line_num}: {error}") from None


def _refuse_repeated(columns: Sequence[str]) -> None:
    """Only the last of them would be read. Columns without a name say nothing: spreadsheets leave
    them behind."""
    repeated = next((name for name in columns if name and columns.count(name) > 1), None)
    if repeated is not None:
        raise ValueError(f"the column {repeated} stands in the header more than once")


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
        if last in place:
            raise ValueError(f"the column {name} and those of its fields contradict each other")
        place[last] = _number(cell) if name in NUMBERS else cell
    return made


def _number(cell: str) -> int | str:
    """A text that is none is left to whoever says which row is wrong."""
    return int(cell) if cell.removeprefix("-").isdecimal() else cell
