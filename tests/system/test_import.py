"""`mediaops import`: files become activities, and coming again changes nothing."""

import json

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]


def run(system, file, channel, *more) -> dict:
    printed = system.printed(
        "import", str(file), "--channel", channel, "--data", str(system.data), "--json", *more
    )
    return json.loads(printed)


def types_of(system, channel: str) -> list[tuple[str, str]]:
    system.settle()
    events = system.events(channel_id=channel)
    return sorted((event["actor"]["external_id"], event["type"]) for event in events)


def test_canonical_rows_are_imported_once(system, tmp_path) -> None:
    channel = system.add_channel()
    rows = [
        {
            "type": "like.created",
            "occurred_at": "2026-11-20T08:00:00Z",
            "actor": {"external_id": f"u{n}"},
        }
        for n in range(3)
    ]
    file = tmp_path / "rows.ndjson"
    file.write_text("\n".join(map(json.dumps, rows)))
    for _ in range(2):
        assert run(system, file, channel)["accepted"] == 3
    assert types_of(system, channel) == [(f"u{n}", "like.created") for n in range(3)]


def test_rows_of_a_table_are_mapped_and_a_mended_mapping_is_used(system, tmp_path) -> None:
    channel = system.add_channel()
    file, mapping = tmp_path / "sales.csv", tmp_path / "sales.json"
    file.write_text("who,what,at\nann,buy,2026-11-20T08:00:00Z\nbob,look,2026-11-20T09:00:00Z\n")
    rule = {
        "type": {"from": "item.what", "table": "kinds"},
        "occurred_at": "=item.at",
        "actor": {"external_id": "=item.who"},
    }
    kinds = {"buy": "order.paid"}
    mapping.write_text(json.dumps({"tables": {"kinds": kinds}, "activities": [rule]}))
    for _ in range(2):
        assert run(system, file, channel, "--mapping", str(mapping))["accepted"] == 2
    assert types_of(system, channel) == [("ann", "order.paid")]
    file.write_text("who,what,at\ncat,look,2026-11-20T09:00:00Z\n")
    kinds["look"] = "view.recorded"
    mapping.write_text(json.dumps({"tables": {"kinds": kinds}, "activities": [rule]}))
    assert run(system, file, channel, "--mapping", str(mapping))["accepted"] == 1
    assert types_of(system, channel) == [("ann", "order.paid"), ("cat", "view.recorded")]
