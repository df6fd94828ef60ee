"""Histories for property tests: who does what where and when, what is taken back, in which order
and in which batches it arrives."""

import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from mediaops_common.events import Activity, ActivityRecorded, Event

from tests.builders import a_channel, a_workspace
from tests.crm import naive
from tests.crm.builders import an_activity, retracted
from tests.crm.running import RunningCrm
from tests.examples import examples

ZONES = ["Asia/Shanghai", "America/New_York", "Europe/Berlin", "Asia/Kolkata"]
NOWS = [
    datetime(2026, 11, 22, 4, 45, tzinfo=UTC),  # autumn's hour that comes twice is in the past
    datetime(2026, 4, 10, 20, 15, tzinfo=UTC),  # and spring's that does not come
]

EDGES = [0, 1, 6, 7, 8, 13, 14, 15, 28, 29, 30, 31, 32, 36, 37, 38, 62, 63, 64, 65]
TYPES = ["view.recorded", "like.created", "track.read", "follow.removed"]


def checked(usual: int) -> settings:
    """Settings of a property test over histories. Each example is a workspace of its own in one
    running service. What fails is not made smaller: every attempt costs a run of the service."""
    return settings(
        max_examples=examples(usual),
        deadline=None,
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


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
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.timezone)).date()

    async def begin(self, crm: RunningCrm) -> None:
        crm.clock.moment = self.now
        await crm.hear(a_workspace(self.slug, timezone=self.timezone))
        await crm.hear(*(a_channel(c, workspace=self.slug) for c in self.channels))


@st.composite
def histories(draw: st.DrawFn) -> History:
    slug, timezone = f"w{uuid4().hex}", draw(st.sampled_from(ZONES))
    now = draw(st.sampled_from(NOWS))
    channels = [uuid4() for _ in range(3)]
    # Quarters of an hour back from now, up to a day ahead of it: anywhere, around midnight, and so
    # many days back or apart that a state, a window or a mask just holds or just ends.
    back = st.builds(
        lambda days, quarters: days * 96 + quarters,
        st.one_of(st.sampled_from(EDGES), st.integers(0, 90)),
        st.integers(-96, 96),
    )
    acts = draw(
        st.lists(
            st.tuples(
                st.sampled_from("abcde"),
                st.sampled_from(channels),
                back,
                st.sampled_from(TYPES),
                st.integers(0, 40),
                st.sampled_from([None, "Ada", "Bo"]),
            ),
            max_size=40,
        )
    )
    standing: list[Activity] = []
    events: list[Event] = []
    pending: list[tuple[int, Activity]] = []
    for place, (who, channel, back, type_, lasts, name) in enumerate(acts):
        activity = an_activity(
            who,
            now - timedelta(minutes=15 * max(back, -96)),
            workspace=slug,
            on=channel,
            timezone=timezone,
            type=type_,
            name=name,
            mapping_revision=lasts % 2,
        )
        standing.append(activity)
        events.append(ActivityRecorded(activity=activity))
        if lasts < 12:
            pending.append((place + lasts, activity))
        for due in [one for one in pending if one[0] <= place]:
            pending.remove(due)
            events.append(_taken_back(due[1], standing))
    events.extend(_taken_back(activity, standing) for _place, activity in pending)
    cuts = sorted(draw(st.lists(st.integers(0, len(events)), max_size=4)))
    bounds = [0, *cuts, len(events)]
    batches = [events[a:b] for a, b in itertools.pairwise(bounds)]
    return History(slug, timezone, now, channels, batches, standing)


def _taken_back(activity: Activity, standing: list[Activity]) -> Event:
    """The retraction, with what the shard's worker counts at this place of the lane."""
    standing.remove(activity)
    local = activity.occurred_at.astimezone(ZoneInfo(activity.timezone)).date()
    others = [
        one
        for one in standing
        if one.actor.external_id == activity.actor.external_id
        and one.channel_id == activity.channel_id
        and one.type not in naive.SILENT
        and one.occurred_at.astimezone(ZoneInfo(one.timezone)).date() == local
    ]
    return retracted(activity, remaining=len(others))
