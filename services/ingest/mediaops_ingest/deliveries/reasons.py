"""Why an item was refused, in few words that can be counted: the field that was wrong."""

import re

from mediaops_ingest.platforms.canonical import ACTIVITY_FIELDS, SNAPSHOT_FIELDS

__all__ = ["reason_of"]

FIELDS = ACTIVITY_FIELDS | SNAPSHOT_FIELDS | {"data", "mapping"}
"""What can be wrong by name. Nothing a sender wrote becomes a reason: there would be no end of
them."""

WHOLE = "item"

_SEPARATOR = re.compile(r"[.\[\]]+")


def reason_of(detail: str) -> str:
    """Of `activities[0].occurred_at: is no time` that is `occurred_at`; `item` where it is the item
    as a whole."""
    place = detail.partition(":")[0]
    return next((word for word in _SEPARATOR.split(place) if word in FIELDS), WHOLE)
