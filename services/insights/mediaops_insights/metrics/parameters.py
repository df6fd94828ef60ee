"""Reads a question from a request: every field is checked, and an unknown one is refused."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from mediaops_common.http import Caller, Invalid, NotFound
from mediaops_common.lengths import LONGEST_FILTER

from mediaops_insights.metrics.catalogue import DIMENSIONS, GRANULARITIES
from mediaops_insights.metrics.selection import Selection, within
from mediaops_insights.registry.service import KnownChannel

__all__ = ["Filters", "check_names", "granularity_of", "group_by_of", "selection_of"]

ALIASES = ("channel_id",)

UNUSED = ("limit", "after")
"""What lists take. A series is never paged: it is whole whatever they say."""

OWNER_KINDS = ("organisation", "individual")


class Filters:
    """Filters by dimension name; each may be repeated, and then any of its values passes."""

    def __init__(
        self,
        channel: Annotated[list[UUID] | None, Query(max_length=500)] = None,
        channel_id: Annotated[
            list[UUID] | None, Query(max_length=500, description="The same as `channel`.")
        ] = None,
        content: Annotated[list[str] | None, Query(max_length=500)] = None,
        type: Annotated[list[str] | None, Query(max_length=500)] = None,
        region: Annotated[list[str] | None, Query(max_length=500)] = None,
        platform: Annotated[list[str] | None, Query(max_length=500)] = None,
        owner_kind: Annotated[list[str] | None, Query(max_length=2)] = None,
        currency: Annotated[list[str] | None, Query(max_length=50)] = None,
    ) -> None:
        self.channel = [*(channel or []), *(channel_id or [])]
        self.texts = {
            "content": content or [],
            "type": type or [],
            "region": region or [],
            "platform": platform or [],
            "owner_kind": owner_kind or [],
            "currency": currency or [],
        }
        for kind in self.texts["owner_kind"]:
            if kind not in OWNER_KINDS:
                raise Invalid("owner_kind", f"is one of {', '.join(OWNER_KINDS)}")
        for field, values in self.texts.items():
            for value in values:
                if not 0 < len(value) <= LONGEST_FILTER or "\x00" in value:
                    told = f"is a text of 1 to {LONGEST_FILTER} characters without NUL"
                    raise Invalid(field, told)

    @property
    def given(self) -> dict[str, list[str]]:
        """The filters that were given, as texts."""
        found = {"channel": [str(channel) for channel in self.channel], **self.texts}
        return {field: values for field, values in found.items() if values}


def check_names(request: Request, own: Iterable[str]) -> None:
    """A filter that is misspelt would show a wrong number in silence: it is refused."""
    allowed = {*own, *DIMENSIONS, *ALIASES}
    for name in request.query_params:
        if name not in allowed and name not in UNUSED:
            raise Invalid(name[:80], f"is not one of {', '.join(sorted(allowed))}")


def granularity_of(value: str) -> str:
    if value not in GRANULARITIES:
        raise Invalid("granularity", f"is one of {', '.join(GRANULARITIES)}")
    return value


def group_by_of(values: Iterable[str]) -> tuple[str, ...]:
    """The dimensions, each once; they may also come in one value, with commas between."""
    found = [part for value in values for part in value.split(",") if part]
    for dimension in found:
        if dimension not in DIMENSIONS:
            raise Invalid("group_by", f"is one of {', '.join(DIMENSIONS)}")
    return tuple(dict.fromkeys(found))


def selection_of(
    caller: Caller,
    now: datetime,
    known: Iterable[KnownChannel],
    filters: Filters,
    group_by: tuple[str, ...] = (),
) -> Selection:
    """The selection; a channel of another workspace is not found."""
    channels = {row.channel_id: row for row in known}
    for channel_id in filters.channel:
        if channel_id not in channels:
            raise NotFound(f"no channel {channel_id}")
    chosen: frozenset[UUID] | None = None
    if filters.channel or filters.texts["platform"] or filters.texts["owner_kind"]:
        chosen = frozenset(
            row.channel_id
            for row in channels.values()
            if (not filters.channel or row.channel_id in filters.channel)
            and _passes(row.platform, filters.texts["platform"])
            and _passes(row.owner_kind, filters.texts["owner_kind"])
        )
    return Selection(
        workspace_id=caller.workspace_id,
        timezone=caller.timezone,
        now=now,
        known=channels,
        group_by=group_by,
        channels=chosen,
        contents=within(filters.texts["content"]),
        types=within(filters.texts["type"]),
        regions=within(filters.texts["region"]),
        currencies=within(filters.texts["currency"]),
    )


def _passes(value: str, allowed: list[str]) -> bool:
    return not allowed or value in allowed
