"""The audit compares whatever it is given, whole or a span of days at a time."""

from datetime import timedelta

import pytest

from tests.ingest.running import an_activity
from tests.ingest.spine import spine_of

TOPICS = ["mediaops.activity", "mediaops.snapshot"]


async def compared(ingest, rows, **more) -> dict:
    group = {"group": "crm.fast", "topics": TOPICS, "rows": rows, "lanes": []}
    body = {"groups": [group], **more}
    answer = await ingest.call("POST", "/admin/audit", body, workspace="*", role="operator")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_spans_of_days_add_up_to_the_whole(ingest) -> None:
    spine = await spine_of(ingest)
    channel = await ingest.add_channel()
    for number in range(3):
        await ingest.call("POST", "/activities", [an_activity(channel, text=str(number))])
        await spine.run()
        ingest.clock.moment += timedelta(days=1)
    whole = await compared(ingest, [])
    assert (whole["received"], whole["in_flight"], whole["residual"]) == (3, 3, 0)
    first = whole["items"][0]
    day = (20_779, 20_780, 20_781)
    applied = {"source_id": first["source_id"], "day": day[0], "activities": 2}
    assert (await compared(ingest, [applied]))["residual"] == 2  # one that was never numbered too
    early = await compared(ingest, [], last_day=day[0])
    late = await compared(ingest, [], first_day=day[1])
    assert early["items"] + late["items"] == whole["items"]
    for name in ("received", "in_flight", "residual", "failed"):
        assert early[name] + late[name] == whole[name]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"groups": 5},
        {"groups": [{}]},
        {"groups": [{"group": "g", "topics": [], "rows": [{"source_id": "s", "day": 10**9}]}]},
        {"groups": [], "more": 1},
    ],
)
async def test_what_is_no_report_is_refused(ingest, body) -> None:
    answer = await ingest.call("POST", "/admin/audit", body, workspace="*", role="operator")
    assert answer.status_code == 422, answer.text
