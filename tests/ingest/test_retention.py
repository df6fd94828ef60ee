"""Outcomes and dedup keys go after 400 days, and nothing that is younger."""

from datetime import timedelta

from mediaops_ingest.deliveries.jobs import KEPT_DAYS, forget_outcomes

from tests.ingest.running import an_activity
from tests.ingest.spine import spine_of


async def test_what_is_older_than_400_days_is_forgotten_and_the_archive_stays(ingest) -> None:
    spine = await spine_of(ingest)
    channel = await ingest.add_channel()
    old = an_activity(channel, dedup_key="old")
    await ingest.call("POST", "/activities", [old])
    await spine.run()
    ingest.clock.moment += timedelta(days=KEPT_DAYS + 1)
    await ingest.call("POST", "/activities", [an_activity(channel, dedup_key="new")])
    await spine.run()
    await forget_outcomes(ingest.runtime)
    shown = (await ingest.call("GET", "/deliveries")).json()["items"]
    assert len(shown) == 1
    assert len((await ingest.call("GET", "/events")).json()["items"]) == 2
    for key, expected in (("new", "duplicates"), ("old", "normalised")):
        before = (await spine.quality())[expected]
        await ingest.call("POST", "/activities", [an_activity(channel, dedup_key=key)])
        await spine.run()
        assert (await spine.quality())[expected] == before + 1
