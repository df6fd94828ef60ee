"""Signed examples of the schemes, and how they become requests."""

import base64
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from mediaops_ingest.platforms.port import ActivityDraft, Context, Draft, Request, SnapshotDraft
from mediaops_ingest.platforms.registry import ADAPTERS

OWN = Path(__file__).parent.parent / "vectors"
CHANNEL = UUID("0192f0c1-1111-7222-8333-444455556666")


@dataclass(frozen=True)
class Example:
    """One vector of the collection that `MEDIAOPS_VECTORS` names, or of our own folder."""

    scheme: str
    raw: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.raw["name"])

    @property
    def verdict(self) -> str:
        return str(self.raw["expected"]["verdict"])

    @property
    def secrets(self) -> dict[str, Any]:
        """What a source is given; some vectors also tell what only the signer knows."""
        known = {key.name for key in ADAPTERS[self.scheme].declaration.keys}
        return {name: value for name, value in self.raw["secrets"].items() if name in known}

    def comes_before(self, later: "Example") -> bool:
        """Whether it must be sent first: the note of a repeat names it, or else their key does."""
        if later.verdict != "duplicate":
            return False
        if "Send " in later.raw.get("note", ""):
            return f"Send {self.name} first" in later.raw["note"]
        keys = [one.raw["expected"].get("dedupe_key") for one in (self, later)]
        return self.scheme == later.scheme and self.verdict == "accept" and keys[0] == keys[1]

    @property
    def body(self) -> bytes:
        if "body_base64" in self.raw:
            return base64.b64decode(self.raw["body_base64"])
        return str(self.raw["body_text"]).encode()

    @property
    def request(self) -> Request:
        return Request(
            method=self.raw["method"],
            query=urlencode(self.raw["query"]).encode(),
            headers=tuple(
                (name.lower().encode(), value.encode())
                for name, value in self.raw["headers"].items()
            ),
            body=self.body,
            now=datetime.fromtimestamp(self.raw["now"], UTC),
        )


def examples(*, only_own: bool = False) -> list[Example]:
    """All request vectors of the schemes there are adapters for."""
    folders = [OWN]
    given = os.environ.get("MEDIAOPS_VECTORS")
    if given and not only_own:
        folders.append(Path(given))
    found: dict[tuple[str, str], Example] = {}
    for folder in folders:
        for example in _of(folder):
            found[example.scheme, example.name] = example
    return list(found.values())


def _of(folder: Path) -> Iterator[Example]:
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text())
        if document.get("format") != "mediaops-webhook-vectors/1":
            continue
        if document["scheme"] in ADAPTERS:
            for vector in document["vectors"]:
                yield Example(document["scheme"], vector)


def a_context(**changes: Any) -> Context:
    known: dict[str, Any] = {
        "channel_id": CHANNEL,
        "channel_external_id": "the-channel",
        "platform": "site",
        "id_scope": "",
        "timezone": "Asia/Shanghai",
        "received_at": datetime(2026, 11, 22, 9, tzinfo=UTC),
    }
    return Context(**{**known, **changes})


def types_of(drafts: list[Draft]) -> list[str]:
    return [
        draft.type
        if isinstance(draft, ActivityDraft)
        else "metrics.snapshot"
        if isinstance(draft, SnapshotDraft)
        else "unmapped"
        for draft in drafts
    ]


def are_types(found: list[str], wanted: str) -> bool:
    """Whether these are the types of a vector, which names a type once for all that follow each
    other, and sometimes says in words what would become what."""
    if wanted.startswith("per event"):
        return True
    listed = wanted.split(", ")
    return [type_ for type_, _ in groupby(found)] == [type_ for type_, _ in groupby(listed)]
