"""Adapters as the HTTP API shows them."""

from typing import Literal

from pydantic import BaseModel


class KeyRead(BaseModel):
    """One key of a source's `secrets`."""

    name: str
    help: str
    form: Literal["text", "list", "number"]
    choices: list[str]
    origin: Literal["issued", "ours"]
    """Issued by the platform and copied here, or ours to choose and entered there."""
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
    proof: str
    """What proves a request: where it stands, and what is signed how."""
    tolerance_seconds: float | None
    """How far a signed time may be off; null where no time is signed."""
    handshake: str
    answer: str
    known_by: str
    """By what an item is known again."""
    methods: list[str]
    paths: list[str]
    deadline_seconds: float
    retries: str
    comes_again: bool
    """Whether its sender, told to wait (429), goes on trying for minutes at least."""
    lateness_hours: float
    max_body_bytes: int | None
    """The platform's own limit, where it is below the installation's."""
    volatile: list[str]
    """What changes between repeats of one item and so stays out of its digest."""
    tells: list[str]
    meanings: dict[str, list[str]]
    """The platform's name of an event → the types of activity it can become."""
    cannot: str
    uncertain: list[str]
    """What is held for true without the platform's own page for it."""
    notes: list[str]
