"""Prints rows as aligned columns, or as JSON."""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["print_facts", "print_json", "print_rows"]


def print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """One line a row; what is empty shows as a dash."""
    if not rows:
        print("nothing")
        return
    table = [[_text(row.get(column)) for column in columns] for row in rows]
    titles = [column.replace("_", " ") for column in columns]
    widths = [max(map(_width, cells)) for cells in zip(titles, *table, strict=True)]
    for line in [titles, *table]:
        padded = (
            cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)
        )
        print("  ".join(padded).rstrip())


def print_facts(thing: Mapping[str, Any], indent: str = "") -> None:
    """A fact a line, under its own name, which may be a platform's; what lists and objects hold
    stands below theirs."""
    for name, value in thing.items():
        title = f"{indent}{_text(name)}:"
        if isinstance(value, dict) and value:
            print(title)
            print_facts(value, indent + "  ")
        elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
            print(title)
            for one in value:
                print_facts(one, indent + "  ")
                print()
        elif isinstance(value, list) and any(len(str(one)) > 30 for one in value):
            print(title)
            for one in value:
                print(f"{indent}  - {_text(one, 2_000)}")
        elif isinstance(value, list):
            print(title, _text(", ".join(map(_flat, value)), 2_000))
        else:
            print(title, _text(value, 2_000))


def _flat(value: Any) -> str:
    return " + ".join(map(str, value)) if isinstance(value, list) else str(value)


def _text(value: Any, limit: int = 200) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    # Control characters of foreign data must not drive the terminal.
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)[:limit]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
