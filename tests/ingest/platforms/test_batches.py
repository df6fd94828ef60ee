"""The array of `POST /activities`: good items are taken, bad ones named."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mediaops_ingest.platforms.batches import (
    NotAnArray,
    TooMany,
    read_activities,
    read_snapshots,
)
from mediaops_ingest.platforms.strict_json import NotStrict

from tests.examples import examples
from tests.ingest.platforms.examples import CHANNEL

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def an_activity(**changes):
    known = {
        "channel_id": str(CHANNEL),
        "type": "like.created",
        "actor": {"external_id": "u-1"},
        "occurred_at": "2026-11-22T08:00:00Z",
    }
    return {key: value for key, value in {**known, **changes}.items() if value is not ...}


def a_snapshot(**changes):
    known = {
        "channel_id": str(CHANNEL),
        "metric": "followers",
        "value": 12,
        "kind": "gauge",
        "as_of": "2026-11-22T08:00:00+08:00",
    }
    return {key: value for key, value in {**known, **changes}.items() if value is not ...}


def rejections(body: bytes, read=read_activities):
    return [(one.index, one.field) for one in read(body, NOW).rejected]


def test_good_items_are_taken_whole():
    batch = read_activities(json.dumps([an_activity(), an_activity(count=7)]).encode(), NOW)
    assert [one.count for one in batch.accepted] == [1, 7]
    assert list(batch.positions) == [0, 1]
    assert batch.rejected == []


def test_bad_items_leave_the_good_ones_alone():
    items = [an_activity(type="no such"), an_activity(), 3, an_activity(count="1")]
    batch = read_activities(json.dumps(items).encode(), NOW)
    assert list(batch.positions) == [1]
    assert [(one.index, one.field) for one in batch.rejected] == [
        (0, "type"),
        (2, ""),
        (3, "count"),
    ]


def test_a_body_is_cut_from_the_items_own_bytes():
    items = [
        an_activity(),
        an_activity(type="no"),
        an_activity(text="é 小", own={"b": 1, "a": [1.50]}),
    ]
    batch = read_activities(json.dumps(items, ensure_ascii=False, indent=1).encode(), NOW)
    assert json.loads(batch.cut([1])) == [items[2]]
    assert json.loads(batch.cut([0, 1])) == [items[0], items[2]]
    assert batch.raws[1] in json.dumps(items, ensure_ascii=False, indent=1).encode()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"type": ...}, "type"),
        ({"type": "metrics.snapshot"}, "type"),
        ({"type": "unmapped"}, "type"),
        ({"type": "track."}, "type"),
        ({"type": 5}, "type"),
        ({"channel_id": ...}, "channel_id"),
        ({"channel_id": "x"}, "channel_id"),
        ({"occurred_at": ...}, "occurred_at"),
        ({"occurred_at": "2026-11-22"}, "occurred_at"),
        ({"occurred_at": "2026-11-22T08:00:00"}, "occurred_at"),
        ({"occurred_at": "1999-12-31T23:59:59Z"}, "occurred_at"),
        ({"occurred_at": "2026-11-23T09:00:01Z"}, "occurred_at"),
        ({"occurred_at": 1795338000}, "occurred_at"),
        ({"count": 0}, "count"),
        ({"count": 10**10}, "count"),
        ({"count": 2**70}, "count"),
        ({"count": True}, "count"),
        ({"actor": {"external_id": "x" * 256}}, "actor.external_id"),
        ({"actor": {"external_id": 5}}, "actor.external_id"),
        ({"actor": {"name": "n"}}, "actor.external_id"),
        ({"actor": {"external_id": "a\x00b"}}, "actor.external_id"),
        ({"content": "v-1"}, "content"),
        ({"value": {"amount_minor": 1.5, "currency": "CNY"}}, "value.amount_minor"),
        ({"value": {"amount_minor": 1}}, "value.currency"),
        ({"value": {"amount_minor": 1, "currency": "cny"}}, "value.currency"),
        ({"text": "x" * 20_001}, "text"),
        ({"text": "a\ud800b"}, "text"),
        ({"context": {"a": {"b": ["\x00"]}}}, "context.a.b[0]"),
        ({"context": {"big": 2**63}}, "context.big"),
        ({"context": {"region": "区" * 256}}, "context.region"),
        ({"context": {"region": "x" * 20_000}}, "context.region"),
        ({"region": "x" * 256}, "context.region"),
        ({"context": {"a\ud800": 1}}, "context"),
        ({"unknown": "\ud800"}, "unknown"),
        ({"dedup_key": ""}, "dedup_key"),
        ({"dedup_key": "x" * 256}, "dedup_key"),
        ({"context": {"x": "y" * 70_000}}, ""),
    ],
    ids=str,
)
def test_a_wrong_field_is_named(changes, field):
    good = json.dumps(an_activity())
    body = f"[{good},{json.dumps(an_activity(**changes))},{good}]".encode()
    batch = read_activities(body, NOW)
    assert [(one.index, one.field) for one in batch.rejected] == [(1, field)]
    assert len(batch.accepted) == 2
    assert "Traceback" not in batch.rejected[0].detail


@pytest.mark.parametrize("region", ["区" * 255, "", 5, None, ["x" * 256]], ids=repr)
def test_a_region_that_is_no_long_text_is_taken(region):
    items = [an_activity(region=region), an_activity(context={"region": region})]
    assert len(read_activities(json.dumps(items).encode(), NOW).accepted) == 2


def test_nesting_is_bounded():
    deep: dict = {}
    for _ in range(40):
        deep = {"a": deep}
    body = json.dumps([an_activity(), an_activity(context=deep)]).encode()
    ((index, field),) = rejections(body)
    assert index == 1
    assert field.startswith("context.a")


@pytest.mark.parametrize("body", [b"", b"{", b"[1,", b"nan", b"[NaN]", b"\xff", b"[1] 2"])
def test_what_is_no_json_is_said_so(body: bytes):
    with pytest.raises(NotStrict):
        read_activities(body, NOW)


def test_an_item_that_is_no_utf8_is_refused_alone():
    good = json.dumps(an_activity()).encode()
    batch = read_activities(b'[{"own":"\xff"},' + good + b"]", NOW)
    assert list(batch.positions) == [1]
    assert [one.index for one in batch.rejected] == [0]


@pytest.mark.parametrize("body", [b"{}", b"null", b'"x"', b"3", b'{"a":"\\ud800"}'])
def test_what_is_no_array_is_said_so(body: bytes):
    with pytest.raises(NotAnArray):
        read_activities(body, NOW)


def test_more_than_a_thousand_are_too_many():
    items = [an_activity()] * 1001
    assert len(read_activities(json.dumps(items[:1000]).encode(), NOW).accepted) == 1000
    with pytest.raises(TooMany):
        read_activities(json.dumps(items).encode(), NOW)


def test_values_are_counted_before_anything_is_made_of_them():
    for body in (b"[" + b"1," * 250_000 + b"1]", b"[[" + b"[]," * 125_000 + b"[]]]"):
        with pytest.raises(TooMany, match="values"):
            read_activities(body, NOW)


def test_deep_arrays_are_refused_without_exhausting_the_stack():
    with pytest.raises(NotStrict):
        read_activities(b"[" * 100_000 + b"]" * 100_000, NOW)


def test_snapshots_are_read_likewise():
    items = [
        a_snapshot(),
        a_snapshot(content={"external_id": "v"}),
        a_snapshot(content="v"),
        a_snapshot(kind="daily", day="2026-11-21"),
    ]
    batch = read_snapshots(json.dumps(items).encode(), NOW)
    assert batch.rejected == []
    assert len(batch.accepted) == 4


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"metric": "Followers"}, "metric"),
        ({"metric": "followers\n"}, "metric"),
        ({"metric": ...}, "metric"),
        ({"value": 1.5}, "value"),
        ({"value": 2**63}, "value"),
        ({"value": -(2**63) - 1}, "value"),
        ({"kind": "total"}, "kind"),
        ({"kind": "daily"}, "day"),
        ({"kind": "daily", "day": "22.11.2026"}, "day"),
        ({"kind": "daily", "day": "1998-01-01"}, "day"),
        ({"kind": "daily", "day": "2026-11-25"}, "day"),
        ({"as_of": "2026-11-22"}, "as_of"),
        ({"as_of": "2036-11-22T00:00:00Z"}, "as_of"),
        ({"channel_id": None}, "channel_id"),
    ],
    ids=str,
)
def test_a_wrong_field_of_a_snapshot_is_named(changes, field):
    body = json.dumps([a_snapshot(**changes)]).encode()
    assert rejections(body, read_snapshots) == [(0, field)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(sorted(an_activity())), JSON) | JSON, max_size=5))
def test_every_item_is_either_accepted_or_rejected_and_nothing_raises(items):
    try:
        batch = read_activities(json.dumps(items).encode(), NOW)
    except NotStrict:
        return  # NaN and Infinity are no JSON
    places = sorted([*batch.positions, *(one.index for one in batch.rejected)])
    assert places == list(range(len(items)))
