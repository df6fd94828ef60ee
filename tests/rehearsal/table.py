"""The one table between compose.yaml and this machine: what is read in it is the same elsewhere."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

__all__ = ["Row", "Table"]


class Row(NamedTuple):
    kind: str
    there: str
    here: str
    pattern: str


class Table:
    """Host names, ports, the resolver and mount paths. Nothing else differs."""

    def __init__(
        self,
        addresses: Mapping[str, str],
        ports: Mapping[int, int],
        resolver: str,
        network: str,
        programs: Mapping[str, str],
    ) -> None:
        self.addresses = addresses
        self.rows = [
            Row("resolver", "127.0.0.11", resolver, r"(?<![\d.])127\.0\.0\.11(?![\d.])"),
            Row("network", network, "127.0.0.0/8", re.escape(network)),
        ]
        for name, address in addresses.items():
            self.rows.append(_host(name, address))
        for there, here in ports.items():
            self.rows.append(Row("port", str(there), str(here), rf"(?<![\w.]){there}(?![\w.])"))
        for there, here in programs.items():
            self.rows.append(_path("program", there, here))

    def of(self, name: str, paths: Mapping[str, Path]) -> "Table":
        """The table as one container sees it: itself, and what is mounted into it."""
        rows = [_itself("0.0.0.0", self.addresses[name])._replace(kind=f"itself of {name}")]
        # The longest path of a folder first.
        of = f"path of {name}"
        rows += [_path(of, p, str(here)) for p, here in sorted(paths.items(), reverse=True)]
        return self._with(rows)

    def whole(self, containers: Iterable["Table"]) -> "Table":
        """With the rows of all these containers: what is printed."""
        return self._with([row for one in containers for row in one.rows[len(self.rows) :]])

    def inside(self, name: str) -> "Table":
        """The same for a command that runs in the container: there a loopback is its own."""
        return self._with([_itself("127.0.0.1", self.addresses[name])])

    def _with(self, rows: list[Row]) -> "Table":
        other = Table.__new__(Table)
        other.addresses, other.rows = self.addresses, [*self.rows, *rows]
        return other

    def with_host(self, name: str, address: str) -> "Table":
        """The same with this name at another address: how a replica sees itself."""
        other = Table.__new__(Table)
        other.addresses = {**self.addresses, name: address}
        other.rows = [row for row in self.rows if (row.kind, row.there) != ("host", name)]
        other.rows.append(_host(name, address))
        return other

    def value(self, text: str) -> str:
        """A value of the environment, which may be a host name and nothing else."""
        return self.addresses.get(text) or self.put(text)

    def put(self, text: str) -> str:
        """The text with everything in the table replaced, in one pass: nothing twice."""
        found = re.compile("|".join(f"(?P<r{n}>{r.pattern})" for n, r in enumerate(self.rows)))

        def here(match: re.Match[str]) -> str:
            assert match.lastgroup is not None
            return self.rows[int(match.lastgroup[1:])].here

        return found.sub(here, text)

    def __str__(self) -> str:
        widths = [max(len(row[n]) for row in self.rows) for n in range(2)]
        return "\n".join(
            f"{kind:{widths[0]}}  {there:{widths[1]}}  {here}" for kind, there, here, _ in self.rows
        )


def _host(name: str, address: str) -> Row:
    return Row("host", name, address, rf"(?<![\w.-]){re.escape(name)}(?=:\d)")


def _itself(there: str, here: str) -> Row:
    return Row("itself", there, here, rf"(?<![\d.]){re.escape(there)}(?![\d.])")


def _path(kind: str, there: str, here: str) -> Row:
    return Row(kind, there, here, rf"(?<![\w./-]){re.escape(there)}(?![\w.-])")
