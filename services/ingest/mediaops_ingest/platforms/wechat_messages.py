"""A message of a 公众号 as text: how it is read, and by what it is known again."""

from collections.abc import Mapping
from typing import Any

from mediaops_ingest.platforms import strict_json, xml
from mediaops_ingest.platforms.fields import text_of
from mediaops_ingest.platforms.port import Malformed
from mediaops_ingest.platforms.pushes import inner

__all__ = ["UnreadableMessage", "fault_of", "key_of", "parse"]


class UnreadableMessage(Exception):
    """Neither XML nor JSON as it must be; `reason` says which."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def parse(body: bytes, *, strip: bool = True) -> dict[str, Any]:
    """A message or its envelope: XML, or JSON where the account is set so."""
    text = body.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"<":
        try:
            return xml.decode(text, strip=strip)
        except xml.NotXml:
            raise UnreadableMessage("xml") from None
    try:
        message = strict_json.decode(text)
    except strict_json.NotStrict:
        raise UnreadableMessage("json") from None
    if not isinstance(message, dict):
        raise UnreadableMessage("schema")
    return message


def fault_of(message: Mapping[str, Any]) -> Malformed | None:
    """Every message names its kind and its sender."""
    complete = all(text_of(message.get(name)) for name in ("MsgType", "FromUserName"))
    return None if complete else Malformed(400, "schema")


def key_of(message: Mapping[str, Any]) -> str:
    """MsgId, or what the platform names for events, with enough added that two events of one
    second stay apart."""
    event = text_of(message.get("Event"))
    number = text_of(message.get("MsgId"))
    if number and not event:
        return number
    parts = [
        text_of(message.get("FromUserName")),
        text_of(message.get("CreateTime")),
        event or text_of(message.get("MsgType")),
        text_of(message.get("EventKey")),
        text_of(message.get("MsgID")),
        text_of(inner(message, "PublishEventInfo").get("publish_id")),
        text_of(inner(message, "order_info").get("order_id")),
    ]
    return ":".join(part for part in parts if part)
