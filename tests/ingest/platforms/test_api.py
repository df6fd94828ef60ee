"""The implicit source of a channel: what was posted becomes the same items on every reading."""

import json
from datetime import UTC, datetime

import pytest
from mediaops_ingest.platforms.api import ACTIVITIES, SNAPSHOTS, Api
from mediaops_ingest.platforms.identity import canonical_digest, key_of
from mediaops_ingest.platforms.port import ItemFailed, Refused, Request, Unreadable

from tests.ingest.platforms.examples import a_context, types_of
from tests.ingest.platforms.test_batches import a_snapshot, an_activity

adapter = Api()
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def split(items: object, path: str = ACTIVITIES):
    body = items if isinstance(items, bytes) else json.dumps(items).encode()
    return adapter.split(Request(method="POST", path=path, body=body, now=NOW), [], {})


def test_an_activity_is_read_with_its_unknown_fields_in_the_context():
    (item,) = split([an_activity(mood="good", context={"region": "CN-ZJ"}, platform="x")])
    (draft,) = adapter.normalise(item, a_context())
    assert draft.type == "like.created"
    assert draft.context == {"mood": "good", "region": "CN-ZJ", "platform": "x"}


def test_without_a_key_the_content_is_the_key():
    one, again, other = split([an_activity(), an_activity(), an_activity(count=2)])
    assert one.dedup_key is None
    assert key_of(one) == key_of(again) != key_of(other)


def test_a_key_is_not_part_of_the_content():
    one, two = split([an_activity(dedup_key="a"), an_activity(dedup_key="b")])
    assert (one.dedup_key, two.dedup_key) == ("a", "b")
    assert canonical_digest(one) == canonical_digest(two)


def test_nobody_can_name_a_key_that_is_another_items_digest():
    (plain,) = split([an_activity()])
    (forged,) = split([an_activity(dedup_key=key_of(plain)[1:].decode("latin-1"))])
    assert key_of(plain) != key_of(forged)


def test_a_snapshot_is_known_by_its_counter_and_time_and_not_by_its_value():
    first, corrected, later, other = split(
        [
            a_snapshot(as_of="2026-11-22T08:00:00Z"),
            a_snapshot(as_of="2026-11-22T16:00:00+08:00", value=13),
            a_snapshot(as_of="2026-11-22T08:00:01Z"),
            a_snapshot(as_of="2026-11-22T08:00:00Z", content={"external_id": "v"}),
        ],
        SNAPSHOTS,
    )
    assert first.is_snapshot
    assert key_of(first) == key_of(corrected)
    assert canonical_digest(first) != canonical_digest(corrected)
    assert len({key_of(one) for one in (first, later, other)}) == 3


def test_a_daily_snapshot_is_known_by_its_day():
    one, two = split(
        [
            a_snapshot(kind="daily", day="2026-11-21", as_of="2026-11-22T01:00:00Z"),
            a_snapshot(kind="daily", day="2026-11-21", as_of="2026-11-22T02:00:00Z", value=99),
        ],
        SNAPSHOTS,
    )
    assert key_of(one) == key_of(two)
    assert types_of(adapter.normalise(one, a_context())) == ["metrics.snapshot"]


def test_one_unreadable_item_leaves_the_others_alone():
    good, bad = split(b'[{"type":"like.created","occurred_at":"2026-11-22T08:00:00Z"},{"x":1e999}]')
    assert types_of(adapter.normalise(good, a_context())) == ["like.created"]
    with pytest.raises(ItemFailed):
        adapter.normalise(bad, a_context())


def test_nothing_comes_through_a_hook():
    request = Request(method="POST", body=b"[]", now=NOW)
    assert adapter.prepare([], {}).verify(request) == Refused("auth")
    with pytest.raises(Unreadable):
        split(b"{")


def test_an_item_is_the_same_beside_an_unreadable_one():
    plain = json.dumps([an_activity(dedup_key="a"), an_activity(count=2)])
    beside = plain[:-1] + ',{"x":1e999}]'
    alone, (*others, _) = split(plain.encode()), split(beside.encode())
    assert [(one.dedup_key, one.canonical) for one in alone] == [
        (one.dedup_key, one.canonical) for one in others
    ]
