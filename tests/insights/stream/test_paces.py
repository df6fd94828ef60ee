"""How often the stream tells: short events at once, long ones less often."""

import pytest
from mediaops_insights.stream import service

from tests.builders import channel
from tests.insights.builders import recorded
from tests.insights.running import NOW, RunningInsights
from tests.insights.stream.listening import listening


class Passing:
    """The time by which the writer keeps its pace: it passes when it is told to."""

    seconds = 100.0


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Passing:
    passing = Passing()
    monkeypatch.setattr(service, "monotonic", lambda: passing.seconds)
    return passing


async def test_long_events_come_less_often_and_nothing_is_left_out(
    insights: RunningInsights, passes: Passing
) -> None:
    paces = service.Paces()
    await insights.apply(
        *[recorded("like.created", NOW, on=channel(f"c{number}")) for number in range(300)]
    )
    assert await insights.write_stream(paces) == 1
    await insights.apply(recorded("like.created", NOW))
    passes.seconds += 0.5
    assert await insights.write_stream(paces) == 0, "its last event was of 300 channels"
    passes.seconds += service.SLOWEST_SECONDS
    assert await insights.write_stream(paces) == 1
    async with listening(insights, last=1) as ear:
        await ear.next()
        told = await ear.next()
    assert told is not None
    assert (told.id, told.content["metrics"]["activities"]) == (2, 301)


async def test_short_events_come_twice_a_second(insights: RunningInsights, passes: Passing) -> None:
    paces = service.Paces()
    for _ in range(3):
        await insights.apply(recorded("like.created", NOW))
        assert await insights.write_stream(paces) == 1
        passes.seconds += 0.5
