"""Counts what was compared and keeps what differed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

__all__ = ["Area", "Difference", "Tally"]

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell that is not what it should be."""

    area: str
    cell: str
    expected: Any
    found: Any


@dataclass(slots=True)
class Area:
    """One group of numbers, such as stickiness."""

    name: str
    compared: int = 0
    differences: list[Difference] = field(default_factory=list)

    def cell(self, cell: str, expected: Any, found: Any) -> None:
        """Compares one number."""
        self.compared += 1
        if expected != found:
            self.differences.append(Difference(self.name, cell, expected, found))

    def cells(self, prefix: str, expected: Mapping[Any, Any], found: Mapping[Any, Any]) -> None:
        """Compares two tables in which what is absent is 0."""
        for key in sorted(expected.keys() | found.keys(), key=str):
            self.cell(f"{prefix} {key}", expected.get(key, 0), found.get(key, 0))

    def ratio(
        self,
        cell: str,
        numerator: int,
        denominator: int,
        found: Mapping[str, Any],
        grade: str | None = None,
    ) -> None:
        """Compares a ratio in all its parts; without a denominator there is no value."""
        self.cell(f"{cell} numerator", numerator, found.get("numerator"))
        self.cell(f"{cell} denominator", denominator, found.get("denominator"))
        value = found.get("value")
        expected = None if denominator == 0 else numerator / denominator
        is_close = expected is not None and value is not None and abs(value - expected) < 1e-9
        self.cell(f"{cell} value", expected, expected if is_close else value)
        if grade is not None:
            self.cell(f"{cell} grade", grade, found.get("grade"))


@dataclass(slots=True)
class Tally:
    """All areas of one verification."""

    areas: dict[str, Area] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    """What could not be compared, and why."""

    def area(self, name: str) -> Area:
        return self.areas.setdefault(name, Area(name))

    @property
    def compared(self) -> int:
        return sum(area.compared for area in self.areas.values())

    @property
    def differences(self) -> list[Difference]:
        return [each for area in self.areas.values() for each in area.differences]

    def table(self) -> Table:
        """Area, compared, differences."""
        table = Table(title="the system against the simulator's own truth")
        table.add_column("area")
        table.add_column("compared", justify="right")
        table.add_column("differences", justify="right")
        for area in self.areas.values():
            wrong = len(area.differences)
            style = "red" if wrong else "green"
            table.add_row(area.name, f"{area.compared:,}", f"[{style}]{wrong:,}[/{style}]")
        table.add_section()
        table.add_row("all", f"{self.compared:,}", f"{len(self.differences):,}")
        return table

    def show(self, console: Console) -> None:
        """The table, then the first cells that differ."""
        console.print(self.table())
        for remark in self.remarks:
            console.print(f"not compared: {remark}", highlight=False)
        for each in self.differences[:SHOWN]:
            console.print(
                f"{each.area}: {each.cell}: expected {each.expected}, found {each.found}",
                highlight=False,
                markup=False,
            )
        if len(self.differences) > SHOWN:
            console.print(f"... and {len(self.differences) - SHOWN:,} more")

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "compared": self.compared,
            "differences": len(self.differences),
            "areas": [
                {"name": a.name, "compared": a.compared, "differences": len(a.differences)}
                for a in self.areas.values()
            ],
            "remarks": self.remarks,
            "first": [
                {"area": d.area, "cell": d.cell, "expected": d.expected, "found": d.found}
                for d in self.differences[:SHOWN]
            ],
        }
