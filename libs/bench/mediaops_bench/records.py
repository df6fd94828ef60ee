"""Events as ingest publishes them, in their lanes, made without an ingest."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from mediaops_common.bus import Record
from mediaops_common.events import (
    Activity,
    ActivityRecorded,
    Actor,
    ContentRef,
    Money,
    Topic,
    encode,
)
from mediaops_common.ids import derived_id, new_id, shard_of, slot_of, workspace_id

from mediaops_bench.company import Company
from mediaops_bench.services import WORKSPACE, ZONE

__all__ = ["Lanes", "activities"]

RATE = 1_500
"""Acts a second in the company's own time."""


def activities(company: Company, count: int, start: datetime) -> list[ActivityRecorded]:
    """Acts as they come by, each with its moment; channels are mixed as in live traffic."""
    found = []
    for number, channel in enumerate(company.pick_channels(count)):
        moment = start + timedelta(seconds=number / RATE)
        (act,) = company.acts(channel, 1, moment)
        found.append(ActivityRecorded(activity=_activity(act, UUID(channel), moment)))
    return found


def _activity(act: dict[str, object], channel_id: UUID, moment: datetime) -> Activity:
    actor, content, value = act["actor"], act["content"], act.get("value")
    assert isinstance(actor, dict)
    assert isinstance(content, dict)
    context = act["context"]
    assert isinstance(context, dict)
    text = act.get("text")
    return Activity(
        id=new_id(),
        workspace_id=workspace_id(WORKSPACE),
        channel_id=channel_id,
        platform="site",
        type=str(act["type"]),
        occurred_at=moment.astimezone(UTC),
        received_at=moment.astimezone(UTC),
        source_id=derived_id("bench", channel_id.bytes),
        delivery_id=new_id(),
        timezone=ZONE,
        actor=Actor(external_id=actor["external_id"], name=actor["name"]),
        content=ContentRef(external_id=content["external_id"]),
        value=Money(**value) if isinstance(value, dict) else None,
        text=text if isinstance(text, str) else None,
        context=context,
    )


class Lanes:
    """Numbers what is published, as the normaliser does."""

    def __init__(self) -> None:
        self._last: dict[tuple[int, int], int] = {}

    def records(self, events: Iterable[ActivityRecorded]) -> list[tuple[str, Record]]:
        """(topic, record) pairs, encoded and numbered."""
        found = []
        for event in events:
            activity = event.activity
            key = activity.key.encode()
            lane = (shard_of(activity.channel_id), slot_of(key))
            self._last[lane] = self._last.get(lane, 0) + 1
            value = encode(
                event,
                source="/ingest",
                time=activity.occurred_at,
                workspace_id=activity.workspace_id,
                event_id=str(activity.id),
            )
            record = Record(key, value, "ingest", *lane, self._last[lane])
            found.append((str(Topic.activity), record))
        return found
