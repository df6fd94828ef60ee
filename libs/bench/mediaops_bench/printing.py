"""Prints a report: conditions first, then figures."""

from collections.abc import Mapping, Sequence
from typing import Any

import typer
from mediaops_common.cli.printing import print_rows

from mediaops_bench.figures import Figure

__all__ = ["print_conditions", "print_figures"]


def print_conditions(conditions: Mapping[str, Any]) -> None:
    for name, value in conditions.items():
        typer.echo(f"{name}: {_inline(value)}")


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_inline(one)}" for name, one in value.items()) or "none"
    if isinstance(value, list):
        return " ".join(map(str, value))
    return str(value)


def print_figures(name: str, figures: Sequence[Figure]) -> None:
    """Group by group, with the ratios and what was wanted."""
    for group in dict.fromkeys(figure.group for figure in figures):
        typer.echo(f"\n{name}: {group}")
        rows = [
            {
                "figure": figure.what,
                "median [min–max]": str(figure.value),
                "unit": figure.unit,
                "ratio": "; ".join(f"{spread} of {to}" for to, spread in figure.ratios.items()),
                "wanted": _wanted(figure),
            }
            for figure in figures
            if figure.group == group
        ]
        shown = ["figure", "median [min–max]", "unit"]
        shown += [name for name in ("ratio", "wanted") if any(row[name] for row in rows)]
        print_rows(rows, shown)


def _wanted(figure: Figure) -> str:
    if figure.is_met is None:
        return figure.wanted
    return f"{figure.wanted}: {'met' if figure.is_met else 'NOT MET'}"
