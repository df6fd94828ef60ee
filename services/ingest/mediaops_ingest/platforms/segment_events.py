"""What the calls of Segment's tracking interface mean."""

from collections.abc import Mapping
from typing import Any

import msgspec

from mediaops_ingest.platforms.fields import actor_of, id_of, key_of, present, text_of
from mediaops_ingest.platforms.money import amount_of
from mediaops_ingest.platforms.port import ActivityDraft, Context, Draft, Item, Unmapped
from mediaops_ingest.platforms.pushes import inner
from mediaops_ingest.platforms.times import first_believable
from mediaops_ingest.platforms.tracking import plain_url

__all__ = ["MEANINGS", "drafts_of"]

_EVENTS = {
    "video played": "view.recorded",
    "order completed": "order.paid",
    "order cancelled": "order.cancelled",
    "order refunded": "order.refunded",
}
"""Names from the specification of events; every other event becomes `track.<name>`."""

_TYPES = {
    "page": "view.recorded",
    "screen": "view.recorded",
    "identify": "profile.identified",
    "group": "profile.grouped",
    "alias": "profile.aliased",
}

MEANINGS: Mapping[str, tuple[str, ...]] = {
    **{name: (type_,) for name, type_ in _TYPES.items()},
    **{f"track, {name}": (type_,) for name, type_ in _EVENTS.items()},
    "track": ("track.<name>",),
}

_LONGEST_NAME = 100


def drafts_of(item: Item, context: Context) -> Draft:
    """The one activity of a call. Raises `ItemFailed` for an id that is too long."""
    event: dict[str, Any] = item.content
    kind = event.get("type")
    if kind == "track":
        name = text_of(event.get("event"), limit=_LONGEST_NAME)
        if name is None:
            return Unmapped("a track without the name of its event")
        type_ = _EVENTS.get(name.lower(), f"track.{name}")
    else:
        found = _TYPES.get(kind) if isinstance(kind, str) else None
        if found is None:
            return Unmapped(f"type {str(kind)[:120]!r} is not known")
        type_ = found
    properties = inner(event, "properties")
    # RudderStack's clients put the traits into the context.
    traits = inner(event, "traits") or inner(inner(event, "context"), "traits")
    user, anonymous = event.get("userId"), event.get("anonymousId")
    actor = actor_of(
        user or anonymous, "userId" if user else "anonymousId", context, name=traits.get("name")
    )
    if actor and kind == "identify":
        # Of a person, and so with the person: an erasure takes it away.
        actor = msgspec.structs.replace(actor, attributes=traits)
    return ActivityDraft(
        type=type_,
        occurred_at=first_believable(context.received_at, item.time),
        actor=actor,
        content=_content(type_, event, properties),
        value=amount_of(
            properties.get("total", properties.get("revenue", properties.get("value"))),
            properties.get("currency"),
        )
        if type_.startswith("order.")
        else None,
        context=present(
            name=text_of(event.get("name")),
            anonymous_id=text_of(anonymous) if user else None,
            previous_id=text_of(event.get("previousId")),
            group_id=text_of(event.get("groupId")),
            order_id=text_of(properties.get("order_id")),
            url=text_of(properties.get("url"), limit=2048),
            referrer=text_of(properties.get("referrer"), limit=2048),
            campaign=inner(inner(event, "context"), "campaign") or None,
            properties=properties if type_.startswith("track.") and properties else None,
            traits=traits or None if kind == "group" else None,
        ),
    )


def _content(type_: str, event: Mapping[str, Any], properties: Mapping[str, Any]) -> str | None:
    """What was seen: the asset of a video, or the page without what a link added to it."""
    if type_ != "view.recorded":
        return id_of(
            properties.get("content_id") or properties.get("content_asset_id"), "properties"
        )
    asset = properties.get("content_asset_id") or properties.get("asset_id")
    if asset is not None or event.get("type") == "track":
        return id_of(asset or properties.get("content_id"), "properties.content_asset_id")
    return key_of(properties.get("path") or plain_url(properties.get("url")) or event.get("name"))
