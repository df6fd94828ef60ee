"""`mediaops import`: files become activities, and coming again changes nothing."""

import json

import pytest

from tests.common.cli.processes import mediaops

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


def test_a_table_of_activities_names_fields_in_fields_with_a_dot(system, tmp_path) -> None:
    channel = system.add_channel()
    file = tmp_path / "ROWS.CSV"
    file.write_text(
        "type,occurred_at,actor.external_id,actor.name,count,value.amount_minor,value.currency\n"
        "order.paid,2026-11-20T08:00:00Z,ann,\u5b89,2,1990,CNY\n"
        "like.created,2026-11-20T08:00:00Z,bob,,,,\n",
        "utf-8",
    )
    assert run(system, file, channel)["accepted"] == 2
    assert types_of(system, channel) == [("ann", "order.paid"), ("bob", "like.created")]
    paid = next(one for one in system.events(channel_id=channel) if one["type"] == "order.paid")
    assert (paid["count"], paid["value"]["amount_minor"]) == (2, 1990)
    assert paid["actor"]["name"] == "\u5b89"


def test_long_rows_of_chinese_are_imported(system, tmp_path) -> None:
    channel = system.add_channel()
    row = {"type": "comment.created", "occurred_at": "2026-11-20T08:00:00Z"}
    lengths = [12_000, *[2_000] * 1_100]
    rows = [row | {"dedup_key": str(n), "text": "字" * length} for n, length in enumerate(lengths)]
    file = tmp_path / "rows.ndjson"
    file.write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in rows), "utf-8")
    told = run(system, file, channel)
    assert (told["accepted"], told["rejected"]) == (1_101, [])


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("wide.csv", "type\nlike.created,and,more\n", "line 2"),
        ("odd.csv", "actor,actor.name\na,b\n", "contradict"),
        ("twice.csv", "type,text,text\na,b,c\n", "column text stands"),
        ("half.json", '[{"type": ', "cannot be read"),
        ("text.ndjson", '"like.created"\n', "not an object"),
        ("deep.json", "[" * 100_000, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_in_one_line(system, tmp_path, name, text, said) -> None:
    (tmp_path / name).write_text(text)
    refused = mediaops("import", tmp_path / name, "--channel", "x", "--data", system.data)
    assert refused.returncode == 1
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


def test_refused_rows_end_with_one_also_in_json(system, tmp_path) -> None:
    channel = system.add_channel()
    (tmp_path / "rows.json").write_text('[{"type": "no such type!"}]')
    refused = mediaops(
        "import", tmp_path / "rows.json", "--channel", channel, "--data", system.data, "--json"
    )
    assert refused.returncode == 1
    (rejected,) = json.loads(refused.stdout)["rejected"]
    assert rejected["index"] == 0


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
