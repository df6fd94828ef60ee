"""Adapters as the HTTP API shows them."""

from typing import Literal

from pydantic import BaseModel


class KeyRead(BaseModel):
    """One key of a source's `secrets`."""

    name: str
    help: str
    form: Literal["text", "list"]
    choices: list[str]
    is_generated: bool
    """Ours to choose: made when no proof is given."""
    is_setting: bool
    """Not secret; accepted in `config` too."""


class AdapterRead(BaseModel):
    name: str
    title: str
    platform: str | None
    namespace: str
    """Of its dedup keys: adapters of one namespace tell of the same acts."""
    keys: list[KeyRead]
    proofs: list[list[str]]
    """Each is a complete proof; without any the hook URL itself is the capability."""
    methods: list[str]
    paths: list[str]
    deadline_seconds: float
    retries: str
    lateness_hours: float
    volatile: list[str]
    """What changes between repeats of one item and so stays out of its digest."""
    tells: list[str]
    cannot: str
    notes: list[str]
