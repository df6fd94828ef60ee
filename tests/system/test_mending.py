"""A mapping mended days later: final numbers change, say so, and can be rebuilt alike."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.system.replicas import until
from tests.system.running import System, new_system, signed
from tests.system.test_rebuild import rebuild

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SENT = datetime(2026, 11, 18, 4, tzinfo=UTC)
MENDED = SENT + timedelta(days=4)
DAY = {"from": "2026-11-18", "to": "2026-11-18"}


def a_mapping(counter: str, **kinds: str) -> dict[str, Any]:
    return {
        "tables": {"kinds": kinds},
        "activities": [
            {
                "type": {"from": "item.kind", "table": "kinds"},
                "occurred_at": "=received_at",
                "actor": {"external_id": "=item.user"},
            }
        ],
        "snapshots": [
            {
                "when": "item.seen",
                "metric": counter,
                "value": "=item.seen",
                "kind": "cumulative",
                "as_of": "=received_at",
            }
        ],
    }


WRONG = a_mapping("reads", like="like.created", fav="like.created")
RIGHT = a_mapping("views", like="like.created", fav="favourite.created", buy="order.paid")

BODIES = (
    {"kind": "like", "user": "u1"},
    {"kind": "fav", "user": "u2"},
    {"kind": "buy", "user": "u3"},
    {"seen": 40},
)


def at(system: System, moment: datetime) -> None:
    system.environment["MEDIAOPS_CLOCK"] = str(int(moment.timestamp()))
    system.forget_tokens()
    system.start()


def mend_and_replay(system: System, source_id: str) -> None:
    path = f"/ingest/v1/sources/{source_id}"
    etag = system.call("GET", path).headers["ETag"]
    mended = system.call("PATCH", path, {"mapping": RIGHT}, headers={"If-Match": etag})
    assert mended.status_code == 200, mended.text
    asked = ("POST", "/ingest/v1/deliveries/replay", {"source_id": source_id})
    key = {"Idempotency-Key": "mend-1"}
    begun, again = (system.call(*asked, headers=key) for _ in range(2))
    assert (begun.status_code, again.json()) == (202, begun.json())
    path = f"/ingest/v1/deliveries/replays/{begun.json()['replay_id']}"
    until(lambda: system.ask(path)["state"] == "done")
    counts = system.ask(path)["counts"]
    assert [counts.get(name, 0) for name in ("changed", "missing", "unchanged")] == [2, 1, 1]


METRICS = ("likes", "favourites", "activities", "orders_paid", "views_reported")


def answers(system: System) -> tuple[dict[str, Any], list[Any]]:
    """metric → (value, grade, corrections), and what explains each of them."""
    series = system.ask("/insights/v1/metrics/query", params={"metric": METRICS, **DAY})
    cells = {i["metric"]: (i["value"], i["grade"], i["corrections"]) for i in series["items"]}
    explained = [
        system.ask("/insights/v1/metrics/explain", params={"metric": m, "start": DAY["from"]})
        for m in METRICS
    ]
    return cells, explained


def test_a_replay_on_a_final_day_raises_its_corrections(tmp_path, runtime) -> None:
    system = new_system(tmp_path, runtime)
    try:
        at(system, SENT)
        source = system.add_source(system.add_channel(), mapping=WRONG)
        hook = source["hook_url"].removeprefix(system.url)
        for n, body in enumerate(BODIES):
            text = json.dumps(body)
            headers = signed(source["secrets"]["secret"], f"msg_{n}", text, SENT)
            assert system.http.post(hook, content=text, headers=headers).status_code < 300
        system.settle()
        assert system.stop() == 0
        at(system, MENDED)
        system.settle()
        cells, _ = answers(system)
        assert cells == {
            "likes": (2, "final", 0),
            "favourites": (0, "final", 0),
            "orders_paid": (0, "final", 0),
            "activities": (2, "final", 0),
            "views_reported": (0, "final", 0),
        }
        mend_and_replay(system, source["id"])
        system.settle()
        cells, explained = answers(system)
        assert cells == {
            "likes": (1, "final", 1),
            "favourites": (1, "final", 1),
            "orders_paid": (1, "final", 1),
            "activities": (3, "final", 3),
            "views_reported": (40, "final", 1),
        }
        told = {found["metric"]: found["counts"] for found in explained}
        assert [told["activities"][n] for n in ("applied", "late", "corrected", "retracted")] == [
            4,
            2,
            3,
            1,
        ]
        known = {e["type"]: e["known_at"] for e in system.events() if e["event"] == "recorded"}
        moment = MENDED.isoformat().replace("+00:00", "Z")
        assert known == {
            "like.created": None,
            "favourite.created": moment,
            "order.paid": moment,
        }
        rebuild(system, "insights")
        assert answers(system) == (cells, explained)
        assert system.audit()["residual"] == 0
    finally:
        system.close()
