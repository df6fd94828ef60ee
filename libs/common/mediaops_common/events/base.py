"""Events: declared once, versioned, frozen; CloudEvents 1.0 structured JSON on the bus."""

from collections.abc import Callable, Container
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import msgspec

from mediaops_common.ids import new_id

__all__ = [
    "REGISTRY",
    "SCHEMAS",
    "Envelope",
    "Event",
    "Topic",
    "decode",
    "encode",
    "event",
    "type_of",
]

SCHEMAS = "https://mediaops.example/schemas/"


class Topic(StrEnum):
    """Where events travel. The key of each record decides its lane and so its order."""

    activity = "mediaops.activity"
    """Canonical activities and their retractions; key: the actor."""
    snapshot = "mediaops.snapshot"
    """Platforms' own counters; key: the channel."""
    channel = "mediaops.channel"
    """Workspaces, channels, sources and their quality; key: the entity."""
    content = "mediaops.content"
    """Contents, revisions, publications; key: the entity."""
    crm = "mediaops.crm"
    """What crm found out about profiles and days; key: the entity."""
    insights = "mediaops.insights"
    """What insights found out; key: the entity."""


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A fact, in the past tense. Subclasses are declared with `@event(...)`.

    It holds values only, never itself: the cycle collector need not visit it (`gc=False`).
    """

    event_name: ClassVar[str]
    event_version: ClassVar[int]
    event_topic: ClassVar[Topic]
    event_key: ClassVar[Callable[[Any], str]]
    event_is_state: ClassVar[bool]
    """Whether the newest one of a key says all about the entity."""
    event_type: ClassVar[str]
    event_schema: ClassVar[str]


E = TypeVar("E", bound=type[Event])

REGISTRY: dict[str, type[Event]] = {}
"""CloudEvents type → class. Names are never reused."""


def event(
    name: str, version: int, topic: Topic, *, key: str, is_state: bool = False
) -> Callable[[E], E]:
    """Declares an event class: `key` names the field whose value keys its records.

    A dotted key goes into nested structs. Declaring the same (name, version) twice is an error.
    `is_state`: it carries the whole state of its key, and a version; it may be told again.
    """
    path = key.split(".")

    def read_key(value: Any) -> str:
        for part in path:
            value = getattr(value, part)
        return str(value)

    def declare(cls: E) -> E:
        type_name = f"mediaops.{name}.v{version}"
        if type_name in REGISTRY:
            raise ValueError(f"event {type_name} is declared twice")
        cls.event_name, cls.event_version, cls.event_topic = name, version, topic
        cls.event_key = staticmethod(read_key)
        cls.event_is_state = is_state
        cls.event_type, cls.event_schema = type_name, f"{SCHEMAS}{name}.v{version}.json"
        REGISTRY[type_name] = cls
        return cls

    return declare


def type_of(cls: type[Event]) -> str:
    """The CloudEvents type of an event class."""
    return cls.event_type


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One CloudEvents 1.0 event in structured mode; `data` stays encoded until it is wanted."""

    specversion: str
    id: str
    source: str
    type: str
    time: datetime
    subject: str
    workspaceid: UUID | None = None
    datacontenttype: str = "application/json"
    dataschema: str | None = None
    traceparent: str | None = None
    data: msgspec.Raw


_encoder = msgspec.json.Encoder()
_envelope_decoder = msgspec.json.Decoder(Envelope)
_data_decoders: dict[str, msgspec.json.Decoder[Any]] = {}


def encode(
    value: Event,
    *,
    source: str,
    time: datetime,
    workspace_id: UUID | None,
    event_id: str | UUID | None = None,
    subject: str | None = None,
    traceparent: str | None = None,
) -> bytes:
    """The record's value: CloudEvents 1.0 structured JSON.

    `subject` is the event's key, for those who have it at hand.
    """
    cls = type(value)
    return _encoder.encode(
        Envelope(
            specversion="1.0",
            # A UUID is written as its text, and the event as what `data` holds: to put either
            # into that form first would only cost time.
            id=event_id or new_id(),  # type: ignore[arg-type]
            source=source,
            type=cls.event_type,
            time=time,
            subject=cls.event_key(value) if subject is None else subject,
            workspaceid=workspace_id,
            dataschema=cls.event_schema,
            traceparent=traceparent,
            data=value,  # type: ignore[arg-type]
        )
    )


def decode(
    value: bytes, wanted: Container[type[Event]] | None = None
) -> tuple[Envelope, Event | None]:
    """The envelope and its event; None for a type this version does not know (to be ignored), or
    that is not among the wanted.

    Raises `msgspec.DecodeError` (of which ValidationError is one) for anything unreadable.
    """
    envelope = _envelope_decoder.decode(value)
    cls = REGISTRY.get(envelope.type)
    if cls is None or (wanted is not None and cls not in wanted):
        return envelope, None
    decoder = _data_decoders.get(envelope.type)
    if decoder is None:
        decoder = _data_decoders[envelope.type] = msgspec.json.Decoder(cls)
    decoded: Event = decoder.decode(envelope.data)
    return envelope, decoded
