"""Reads one CloudEvent from an HTTP message, by the words of the binding and not of the SDKs."""

import binascii
import re
from base64 import b64decode, b64encode
from contextlib import suppress
from typing import Any, Literal

from mediaops_ingest.platforms import strict_json
from mediaops_ingest.platforms.port import Request
from mediaops_ingest.platforms.times import parse_rfc3339

__all__ = ["BadMessage", "binary_event", "mode_of", "parse_structured"]

_REQUIRED = ("id", "source", "type")
_MAX_ATTRIBUTE = 2048
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_QUOTED_PAIR = re.compile(r"\\(.)")
_NAME = re.compile(r"[a-z0-9]{1,64}")


class BadMessage(Exception):
    """Not a CloudEvent; `reason` is for the metric's label, `detail` for people."""

    raw: bytes = b""
    """The member of a batch that it is about."""

    def __init__(self, reason: str, detail: str, *, status: int = 400) -> None:
        super().__init__(detail)
        self.reason, self.detail, self.status = reason, detail, status


def _media_type(request: Request) -> str:
    given = request.header(b"content-type") or b""
    return given.split(b";", 1)[0].strip().lower().decode("ascii", "replace")


def mode_of(request: Request) -> Literal["binary", "structured", "batched"]:
    """The content mode; anything but the JSON format is a `BadMessage` with 415."""
    media_type = _media_type(request)
    if not media_type.startswith("application/cloudevents"):
        return "binary"
    if media_type == "application/cloudevents+json":
        return "structured"
    if media_type == "application/cloudevents-batch+json":
        return "batched"
    raise BadMessage("media-type", "only the JSON format of CloudEvents is read", status=415)


def parse_structured(body: bytes) -> dict[str, Any]:
    """The event of a structured message or of one member of a batch."""
    try:
        event = strict_json.decode(body)
    except strict_json.NotStrict as error:
        raise BadMessage("json", str(error)) from None
    if not isinstance(event, dict):
        raise BadMessage("schema", "an event is a JSON object")
    _check(event)
    if "data_base64" in event:
        if "data" in event:
            raise BadMessage("schema", "data and data_base64 exclude each other")
        payload = _binary(event["data_base64"])
        # The same data, whichever way its sender's library writes bytes.
        if _is_json(str(event.get("datacontenttype", "")).partition(";")[0].strip().lower()):
            del event["data_base64"]
            event["data"] = _json(payload)
    return event


def binary_event(request: Request) -> dict[str, Any]:
    """The event of a binary message, in the form of a structured one."""
    event: dict[str, Any] = {}
    for name, value in request.headers:
        if name.startswith(b"ce-"):
            attribute = name[3:].decode("ascii", "replace")
            if attribute in event:
                raise BadMessage("schema", f"{attribute} is there twice")
            if not _NAME.fullmatch(attribute):
                raise BadMessage("schema", "the name of an attribute is not one")
            event[attribute] = _unescaped(value)
    event.pop("data", None)
    event.pop("datacontenttype", None)
    _check(event)
    media_type = _media_type(request)
    if media_type:
        event["datacontenttype"] = media_type
    if request.body:
        event.update(_payload(media_type, request.body))
    return event


def _payload(media_type: str, body: bytes) -> dict[str, Any]:
    if _is_json(media_type):
        return {"data": _json(body)}
    if not media_type:
        with suppress(BadMessage):
            return {"data": _json(body)}
    if media_type.startswith("text/"):
        try:
            text = body.decode()
        except UnicodeDecodeError:
            raise BadMessage("encoding", "the text is not UTF-8") from None
        if "\x00" not in text:
            return {"data": text}
    return {"data_base64": b64encode(body).decode()}


def _check(event: dict[str, Any]) -> None:
    if event.get("specversion") != "1.0":
        raise BadMessage("schema", "specversion must be 1.0")
    for name in _REQUIRED:
        value = event.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= _MAX_ATTRIBUTE:
            raise BadMessage("schema", f"{name} must be a text of 1 to {_MAX_ATTRIBUTE} characters")
    time = event.get("time")
    if time is not None and parse_rfc3339(time) is None:
        raise BadMessage("schema", "time must be RFC 3339")


def _unescaped(value: bytes) -> str:
    """One round of percent-decoding; older senders quote instead."""
    if len(value) > 3 * _MAX_ATTRIBUTE:
        raise BadMessage("size", "an attribute is too long")
    quoted = len(value) > 1 and value[:1] == value[-1:] == b'"'
    if quoted:
        value = value[1:-1]
    try:
        text = _PERCENT.sub(lambda code: bytes([int(code[1], 16)]), value).decode()
    except UnicodeDecodeError:
        raise BadMessage("encoding", "an attribute is not UTF-8") from None
    if "\x00" in text:
        raise BadMessage("encoding", "an attribute has a NUL in it")
    return _QUOTED_PAIR.sub(r"\1", text) if quoted else text


def _is_json(media_type: str) -> bool:
    return media_type in ("application/json", "text/json") or media_type.endswith("+json")


def _json(payload: bytes) -> Any:
    try:
        return strict_json.decode(payload)
    except strict_json.NotStrict as error:
        raise BadMessage("json", str(error)) from None


def _binary(value: Any) -> bytes:
    try:
        if isinstance(value, str):
            return b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        pass
    raise BadMessage("schema", "data_base64 is not base64")
