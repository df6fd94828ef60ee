"""Finds the single changes, messages and statuses in what Meta sends, and what names each."""

from collections.abc import Iterator, Mapping
from typing import Any

from mediaops_ingest.platforms.fields import key_of, list_of
from mediaops_ingest.platforms.port import Item
from mediaops_ingest.platforms.pushes import bounded, inner
from mediaops_ingest.platforms.strict_json import canonical_json

__all__ = ["Told", "items_of"]

Told = dict[str, Any]
"""One of them, with what its entry says of all."""


def items_of(body: Any) -> list[Item]:
    """Each change, message or status of each entry; one published sample wraps the object in an
    array."""
    found: list[Item] = []
    for outer in body if isinstance(body, list) else [body]:
        object_ = outer.get("object") if isinstance(outer, dict) else None
        for entry in list_of(outer.get("entry")) if isinstance(outer, dict) else []:
            for told in _told(object_, entry if isinstance(entry, dict) else {}):
                found.append(_item(len(found), told))
    return bounded(found) or [
        Item(index=0, dedup_key=None, canonical=canonical_json(body), content=body)
    ]


def _told(object_: Any, entry: Mapping[str, Any]) -> Iterator[Told]:
    common = {"object": object_, "entry": entry.get("id"), "time": entry.get("time")}
    for change in list_of(entry.get("changes")):
        field = change.get("field") if isinstance(change, dict) else None
        value = change.get("value") if isinstance(change, dict) else change
        yield from _whatsapp(common, value) or [{**common, "field": field, "value": value}]
    for name in ("messaging", "standby"):
        for one in list_of(entry.get(name)):
            yield {**common, "field": name, "value": one}


def _whatsapp(common: Told, value: Any) -> list[Told]:
    """A change of WhatsApp holds several messages and statuses."""
    if not isinstance(value, dict) or value.get("messaging_product") != "whatsapp":
        return []
    common = {**common, "contacts": value.get("contacts")}
    return [
        {**common, "field": f"whatsapp.{name}", "value": one}
        for name in ("messages", "statuses")
        for one in list_of(value.get(name))
    ]


def _item(index: int, told: Told) -> Item:
    kept = {name: value for name, value in told.items() if name != "time"}
    return Item(
        index=index,
        dedup_key=_key_of(told),
        canonical=canonical_json(kept),
        content=told,
        is_snapshot=told["field"] == "story_insights",
    )


def _key_of(told: Told) -> str | None:
    """Meta gives no id of its own: what names the act. Without that the digest stands in."""
    value = told["value"] if isinstance(told["value"], dict) else {}
    if told["field"] == "story_insights":
        named = [value.get("media_id")]
    elif told["field"] in ("whatsapp.messages", "whatsapp.statuses"):
        named = [value.get("id"), value.get("status", "message")]
    elif told["field"] in ("messaging", "standby"):
        named = [inner(value, "message").get("mid") or inner(value, "postback").get("mid")]
    elif told["field"] in ("comments", "live_comments"):
        named = [value.get("id")]
    elif told["field"] == "mentions":
        named = [value.get("media_id"), value.get("comment_id", "caption")]
    elif value.get("verb") not in ("add", "remove"):
        return None
    else:
        thing = value.get("comment_id") or [value.get("post_id"), value.get("item")]
        person = inner(value, "from").get("id") or value.get("sender_id")
        named = [thing, person, value.get("verb"), value.get("created_time")]
    if named[0] is None:
        return None
    whole = [told["object"], told["entry"], told["field"], *named]
    return key_of(canonical_json(whole).decode())
