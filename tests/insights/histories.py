"""Histories for property tests: what happens where and when, what is taken back, in which order
and in which batches it arrives."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

from hypothesis import strategies as st
from mediaops_common.events import Activity, ActivityRecorded, Event

from tests.builders import a_channel, a_workspace
from tests.insights import naive
from tests.insights.builders import an_activity, retracted
from tests.insights.running import RunningInsights

ZONES = ["Asia/Shanghai", "America/New_York", "Europe/Berlin", "Asia/Kolkata"]
NOWS = [
    datetime(2026, 11, 6, 4, 45, tzinfo=UTC),  # autumn's hour that comes twice is in the past
    datetime(2026, 4, 4, 20, 15, tzinfo=UTC),  # and spring's that does not come
]
TYPES = [
    "view.recorded",
    "like.created",
    "like.removed",
    "comment.created",
    "follow.created",
    "follow.removed",
    "track.read",
    "order.paid",
]


@dataclass
class History:
    """One workspace's: `batches` in the order they arrive, `standing` when all is said."""

    slug: str
    timezone: str
    now: datetime
    channels: list[UUID]
    batches: list[list[Event]]
    standing: list[Activity]

    @property
    def events(self) -> list[Event]:
        return [event for batch in self.batches for event in batch]

    async def begin(self, insights: RunningInsights) -> None:
        insights.clock.moment = self.now
        await insights.hear(a_workspace(self.slug, timezone=self.timezone))
        await insights.hear(
            *(a_channel(c, workspace=self.slug, platform="site") for c in self.channels)
        )


@st.composite
def histories(draw: st.DrawFn) -> History:
    slug, timezone = f"w{uuid4().hex}", draw(st.sampled_from(ZONES))
    now = draw(st.sampled_from(NOWS))
    channels = [uuid4() for _ in range(2)]
    acts = draw(
        st.lists(
            st.tuples(
                st.sampled_from(TYPES),
                st.sampled_from(channels),
                # Minutes back from now: on both sides of the change of clocks, and further off.
                st.one_of(st.integers(-60, 13 * 1440), st.integers(0, 60 * 1440)),
                st.sampled_from([None, "v1", "v2"]),
                st.sampled_from([None, "CN-ZJ", "CN-SH"]),
                st.sampled_from("abc"),
                st.integers(1, 5),
                st.sampled_from([1, 1, 1, 12]),
                st.sampled_from([0, 0, 0, 2 * 1440, 5 * 1440]),
                # Minutes from its receipt to the replay that brought it.
                st.sampled_from([None, None, None, 60, 3 * 1440]),
            ),
            max_size=25,
        )
    )
    standing: list[Activity] = []
    events: list[Event] = []
    for type_, channel, back, content, region, who, fate, count, late, replayed in acts:
        moment = now - timedelta(minutes=back, seconds=7)
        activity = an_activity(
            type_,
            moment,
            workspace=slug,
            on=channel,
            timezone=timezone,
            platform="site",
            who=who,
            content=content,
            region=region,
            count=count,
            money=(count * 100, "CNY") if type_ == "order.paid" else None,
            received_at=moment + timedelta(minutes=late),
            known_at=None if replayed is None else moment + timedelta(minutes=late + replayed),
        )
        standing.append(activity)
        events.append(ActivityRecorded(activity=activity))
        if fate == 1:
            # Some earlier one, or this very one, is taken back.
            place = draw(st.integers(0, len(standing) - 1))
            at = draw(st.sampled_from([None, now]))
            events.append(_taken_back(standing.pop(place), standing, at))
    cuts = sorted(draw(st.lists(st.integers(0, len(events)), max_size=3)))
    bounds = [0, *cuts, len(events)]
    batches = [events[a:b] for a, b in pairwise(bounds)]
    return History(slug, timezone, now, channels, batches, standing)


def _taken_back(activity: Activity, standing: list[Activity], at: datetime | None) -> Event:
    """The retraction, with what the shard's worker counts at this place of the lane."""
    remaining = sum(
        one.actor == activity.actor
        and one.channel_id == activity.channel_id
        and one.type not in naive.SILENT
        and naive.local_day(one) == naive.local_day(activity)
        for one in standing
    )
    return retracted(activity, remaining=remaining, at=at)
