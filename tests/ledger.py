"""The ledger: what a driver sent and was told, against what the system holds afterwards.

The driver writes a line before it sends an event and another when it is answered; it is never
killed itself. When the system has healed and drained, `check` names everything that was lost,
repeated, swapped, leaked into another workspace, or counted otherwise than it is stored.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx

Outcome = Literal["ok", "refused", "unknown"]
"""`refused`: the server said no, so it must not count. `unknown`: it may; see `outcome_of`."""

MARK = "ledger"
"""The member of an activity's `context` under which the event's id and number travel."""


@dataclass(frozen=True)
class Entry:
    """One event as the driver knows it; with several attempts, the best answer holds."""

    event: str
    workspace: str
    key: str
    """Whose order must be kept, such as an actor on one channel."""
    seq: int
    """Rises with every event of a key."""
    outcome: Outcome


class Ledger:
    """An append-only file of JSON lines."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def sending(self, event: str, *, workspace: str, key: str, seq: int) -> None:
        """Must be called before the request leaves."""
        self._write(event=event, workspace=workspace, key=key, seq=seq)

    def answered(self, event: str, outcome: Outcome, status: int | None = None) -> None:
        """Must be called after the answer came, or after it is clear that none will."""
        self._write(event=event, outcome=outcome, status=status)

    def entries(self) -> list[Entry]:
        return read(self.path)

    def _write(self, **line: object) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def outcome_of(status: int | None) -> Outcome:
    """What an answer promises. No answer promises nothing, and neither does a 5xx: the delivery
    may have become durable a moment too late."""
    if status is None or status >= 500:
        return "unknown"
    return "ok" if 200 <= status < 300 else "refused"


def mark(event: str, seq: int) -> dict[str, Any]:
    """What goes into the activity's `context`, so that it is known again in the archive."""
    return {MARK: {"event": event, "seq": seq}}


def read(path: Path) -> list[Entry]:
    """The events of a ledger. What was never answered is unknown."""
    sent: dict[str, dict[str, Any]] = {}
    outcomes: dict[str, set[str]] = defaultdict(set)
    attempts: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        if "outcome" in row:
            outcomes[row["event"]].add(row["outcome"])
            answers[row["event"]] += 1
        else:
            sent[row["event"]] = row
            attempts[row["event"]] += 1
    entries = []
    for event, row in sent.items():
        if attempts[event] > answers[event]:
            outcomes[event].add("unknown")
        outcome = next(one for one in ("ok", "unknown", "refused") if one in outcomes[event])
        entries.append(Entry(event, row["workspace"], row["key"], row["seq"], outcome))
    return entries


@dataclass(frozen=True)
class Stored:
    """One activity of the archive, as a workspace's own token sees it."""

    workspace: str
    event: str
    seq: int


@dataclass
class Observed:
    stored: list[Stored] = field(default_factory=list)
    """In the order of the archive."""
    counted: dict[str, Counter[str]] = field(default_factory=dict)
    """Counter → workspace → how many activities it says there are."""
    residuals: list[str] = field(default_factory=list)
    """What an audit says does not add up."""


@dataclass(frozen=True)
class Violation:
    kind: Literal["lost", "ghost", "repeated", "swapped", "leaked", "miscounted", "residual"]
    what: str


def check(ledger: Iterable[Entry], observed: Observed) -> list[Violation]:
    """Everything that breaks a promise; empty when all of them were kept."""
    entries = {entry.event: entry for entry in ledger}
    violations = [*_losses(entries, observed), *_strangers(entries, observed)]
    copies = Counter((stored.workspace, stored.event) for stored in observed.stored)
    violations += [
        Violation("repeated", f"{e} in {w}: {n}") for (w, e), n in copies.items() if n > 1
    ]
    violations += _swaps(entries, observed)
    distinct = Counter(workspace for workspace, _ in copies)
    for counter, by_workspace in observed.counted.items():
        for workspace in distinct.keys() | by_workspace.keys():
            if by_workspace[workspace] != distinct[workspace]:
                counts = f"{by_workspace[workspace]}, archive has {distinct[workspace]}"
                violations.append(Violation("miscounted", f"{counter} of {workspace}: {counts}"))
    return violations + [Violation("residual", text) for text in observed.residuals]


def _losses(entries: Mapping[str, Entry], observed: Observed) -> list[Violation]:
    held = {(stored.workspace, stored.event) for stored in observed.stored}
    return [
        Violation("lost", f"{entry.event} of {entry.workspace}")
        for entry in entries.values()
        if entry.outcome == "ok" and (entry.workspace, entry.event) not in held
    ]


def _strangers(entries: Mapping[str, Entry], observed: Observed) -> list[Violation]:
    violations = []
    for stored in observed.stored:
        entry = entries.get(stored.event)
        if entry is None or (entry.outcome == "refused" and entry.workspace == stored.workspace):
            violations.append(Violation("ghost", f"{stored.event} in {stored.workspace}"))
        elif entry.workspace != stored.workspace:
            text = f"{stored.event} of {entry.workspace} in {stored.workspace}"
            violations.append(Violation("leaked", text))
    return violations


def _swaps(entries: Mapping[str, Entry], observed: Observed) -> list[Violation]:
    """Copies are told apart already, so only the first of each counts here."""
    violations, newest, seen = [], dict[tuple[str, str], int](), set[str]()
    for stored in observed.stored:
        entry = entries.get(stored.event)
        if entry is None or entry.workspace != stored.workspace or stored.event in seen:
            continue
        seen.add(stored.event)
        place = (stored.workspace, entry.key)
        if stored.seq < newest.get(place, stored.seq):
            violations.append(Violation("swapped", f"{stored.event} of {entry.key}"))
        newest[place] = max(stored.seq, newest.get(place, stored.seq))
    return violations


async def observe(
    clients: Mapping[str, httpx.AsyncClient], operator: httpx.AsyncClient, days: tuple[str, str]
) -> Observed:
    """What the system holds between two days.

    `clients`: workspace → a client with its token; `operator`: one that sees the whole audit.
    """
    observed = Observed()
    for workspace, client in clients.items():
        observed.stored += await _archive(client, workspace)
        query = {"metric": "activities", "granularity": "day", "from": days[0], "to": days[1]}
        rows = await _get(client, "/insights/v1/metrics/query", **query)
        total = sum(row["value"] for row in rows["items"])
        observed.counted.setdefault("insights activities", Counter())[workspace] = total
    groups: list[Any] = []
    for service in ("crm", "insights"):
        groups += (await _get(operator, f"/{service}/v1/admin/audit"))["groups"]
    audit = await operator.post("/ingest/v1/admin/audit", json={"groups": groups})
    audit.raise_for_status()
    wrong = [item for item in audit.json()["items"] if item["residual"] != 0]
    observed.residuals += [str(item) for item in wrong]
    if audit.json()["residual"] != 0 and not wrong:
        observed.residuals.append(f"ingest: residual {audit.json()['residual']}")
    return observed


async def _archive(client: httpx.AsyncClient, workspace: str) -> list[Stored]:
    stored: list[Stored] = []
    after: dict[str, Any] = {}
    while True:
        page = await _get(client, "/ingest/v1/events", limit=1000, **after)
        for event in page["items"]:
            marked = event.get("context", {}).get(MARK)
            if marked is None:
                continue
            one = Stored(workspace, marked["event"], marked["seq"])
            if event["event"] == "recorded":
                stored.append(one)
            else:
                stored.remove(one)
        if page["next"] is None:
            return stored
        after = {"after": page["next"]}


async def _get(client: httpx.AsyncClient, path: str, **params: Any) -> Any:
    response = await client.get(path, params=params)
    response.raise_for_status()
    return response.json()
