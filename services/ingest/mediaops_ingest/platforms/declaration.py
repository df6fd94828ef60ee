"""What an adapter declares of itself: limits for the door, keys for whoever sets up a source."""

import secrets as random_source
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

__all__ = ["BadSetting", "Declaration", "Key", "Settled", "generate_secret", "generate_token"]

_MAX_LENGTH = 4096
_MAX_LISTED = 20
_LARGEST = 1_000_000


class BadSetting(Exception):
    """A key of `secrets` or `config` is unknown, missing or cannot be what it should be."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field = field
        """Such as `secrets.app_id`."""
        self.detail = detail


def generate_secret() -> str:
    """A Standard Webhooks secret of 32 random bytes."""
    return "whsec_" + b64encode(random_source.token_bytes(32)).decode()


def generate_token() -> str:
    """32 letters and digits, which every platform's form takes as a token."""
    return random_source.token_hex(16)


@dataclass(frozen=True, slots=True)
class Key:
    """One key of `secrets`."""

    name: str
    help: str
    """Where it is found or entered, in the platform's own words."""
    form: Literal["text", "list", "number"] = "text"
    choices: tuple[str, ...] = ()
    generate: Callable[[], str] | None = None
    """Set where the value is ours to choose: made when no proof is given."""
    is_ours: bool = False
    """Chosen by us and entered at the platform, though never made unasked."""
    is_setting: bool = False
    """Not secret: accepted in `config` as well."""

    @property
    def origin(self) -> Literal["issued", "ours"]:
        """Whether the platform issues it or we choose it."""
        return "ours" if self.generate or self.is_ours or self.is_setting else "issued"


@dataclass(frozen=True, slots=True)
class Settled:
    """The keys of a source after checking, with what was generated filled in."""

    secrets: dict[str, str | list[str]]
    config: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """An adapter in the words of `mediaops adapters`, `GET /ingest/v1/adapters` and of its page
    in `docs/guides/platforms`, which is written from here."""

    name: str
    title: str
    platform: str | None
    """The platform it belongs to; None for schemes that any partner may speak."""
    is_implicit: bool = False
    """Made by the service itself and never attached to a hook."""
    keys: tuple[Key, ...] = ()
    proofs: tuple[frozenset[str], ...] = ()
    """Each is a complete proof. Without any, the hook's key is the capability."""
    together: tuple[frozenset[str], ...] = ()
    """Keys that are given all or not at all."""
    methods: frozenset[str] = frozenset({"POST"})
    paths: frozenset[str] = frozenset({""})
    """Paths below the hook that its clients add; any other is 404."""
    hidden_headers: frozenset[bytes] = frozenset()
    """Headers that carry a secret: never stored, logged or shown."""
    hidden_parameters: frozenset[bytes] = frozenset()
    """Query parameters of which the same is true."""
    reads_gzip: bool = False
    """Its clients compress bodies; the adapter inflates what was stored as it came."""
    proof: str = ""
    """What proves a request: where it stands, and what is signed how."""
    tolerance: timedelta | None = None
    """How far a signed time may be off, both ways. None where no time is signed: then the dedup
    keys are all there is against a replay."""
    handshake: str = ""
    """How the platform checks the address, and what it hears; empty where it does not."""
    answer: str = ""
    """What the platform hears when a request was kept."""
    known_by: str = ""
    """By what an item is known again."""
    volatile: tuple[str, ...] = ()
    """What changes between repeats of one item and so stays out of its digest."""
    max_body: int | None = None
    """Bytes, where the platform's own limit is below ours."""
    deadline_seconds: float = 5.0
    """The sender gives up after this long."""
    retries: str = ""
    comes_again: bool = False
    """Whether its sender, told to wait (429), goes on trying for minutes at least. What does not
    come again is refused by a limit only where its source was given one."""
    lateness: timedelta = timedelta(hours=24)
    """How long the sender goes on repeating what was not acknowledged."""
    meanings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The platform's name of an event → the types of activity it can become."""
    cannot: str = ""
    """What it does not tell."""
    uncertain: tuple[str, ...] = ()
    """What we hold for true without the platform's own page for it: each a sentence."""
    notes: tuple[str, ...] = field(default=())
    """How to set it up at the platform, step by step."""

    @property
    def tells(self) -> tuple[str, ...]:
        """The types of activity that it can bring."""
        return tuple(sorted({type_ for types in self.meanings.values() for type_ in types}))

    def namespace(self, platform: str) -> str:
        """The id namespace of its dedup keys on a channel of `platform`.

        Adapters of one platform share that platform's, so that a push and a pull of one act are
        one act. A partner's scheme and `api` use the namespace of the channel's platform.
        """
        return self.platform or platform

    def settle(self, secrets: Mapping[str, Any], config: Mapping[str, Any]) -> Settled:
        """Checks what a source is given and generates what is ours when no proof is given.
        Settings end up in the configuration, wherever they were given.

        Raises `BadSetting`.
        """
        known = {key.name: key for key in self.keys}
        settled = Settled({}, {})
        for name, value in secrets.items():
            if name not in known:
                raise BadSetting(f"secrets.{name}", f"{self.name} has no such key")
            if value is not None:
                home = settled.config if known[name].is_setting else settled.secrets
                home[name] = _checked(known[name], value, f"secrets.{name}")
        for name, value in config.items():
            if name not in known or not known[name].is_setting:
                raise BadSetting(f"config.{name}", f"{self.name} has no such key")
            if value is None:
                continue
            if settled.config.get(name, value) != value:
                raise BadSetting(f"config.{name}", f"is not what secrets.{name} says")
            settled.config[name] = _checked(known[name], value, f"config.{name}")
        self._complete(settled, known)
        return settled

    def renewed(self, secrets: Mapping[str, Any]) -> dict[str, Any]:
        """These secrets with those that we generate made anew; none where we generate none."""
        made = {
            key.name: key.generate() for key in self.keys if key.generate and key.name in secrets
        }
        return {**secrets, **made} if made else {}

    def _complete(self, settled: Settled, known: Mapping[str, Key]) -> None:
        given = settled.secrets.keys() | settled.config.keys()
        for group in self.together:
            if given & group and not group <= given:
                missing = min(group - given)
                raise BadSetting(f"secrets.{missing}", f"belongs with {_and(given & group)}")
        if not self.proofs or any(proof <= given for proof in self.proofs):
            return
        if any(not known[name].is_setting for name in given):
            closest = min(self.proofs, key=lambda proof: (len(proof - given), sorted(proof)))
            raise BadSetting(f"secrets.{min(closest - given)}", "is missing: half a proof")
        for proof in self.proofs:
            makers = {name: known[name].generate for name in proof}
            if all(makers.values()):
                settled.secrets.update({name: make() for name, make in makers.items() if make})
                return
        wanted = " or ".join(_and(proof) for proof in self.proofs)
        raise BadSetting(
            f"secrets.{min(self.proofs[0])}", f"is missing: {self.name} needs {wanted}"
        )


def _and(names: frozenset[str] | set[str]) -> str:
    return " and ".join(sorted(names))


def _checked(key: Key, value: Any, field: str) -> Any:
    if key.form == "text":
        return _text(key, value, field)
    if key.form == "number":
        return _number(value, field)
    if not isinstance(value, list) or not 0 < len(value) <= _MAX_LISTED:
        raise BadSetting(field, f"must be a list of 1 to {_MAX_LISTED} texts")
    return [_text(key, one, f"{field}[{n}]") for n, one in enumerate(value)]


def _number(value: Any, field: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST:
        raise BadSetting(field, f"must be a whole number from 0 to {_LARGEST}")
    return value


def _text(key: Key, value: Any, field: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_LENGTH:
        raise BadSetting(field, f"must be a text of 1 to {_MAX_LENGTH} characters")
    if key.choices and value not in key.choices:
        raise BadSetting(field, f"must be one of {', '.join(key.choices)}")
    if not value.isprintable():
        raise BadSetting(field, "has a control character in it")
    return value
