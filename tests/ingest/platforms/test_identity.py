"""Ids and digests follow from what an act is, and from nothing else."""

from uuid import UUID

import pytest
from mediaops_ingest.platforms.identity import Scope, key_of
from mediaops_ingest.platforms.port import Item

WORKSPACE, CHANNEL = UUID(int=1), UUID(int=5)


def an_id(*, key=b"kmsg-1", output=0, mapping_revision=0, **changes):
    known = {"workspace_id": WORKSPACE, "channel_id": CHANNEL, "namespace": "douyin"}
    scope = Scope(**{**known, **changes})
    return scope.activity_id(key, output=output, mapping_revision=mapping_revision)


def test_an_act_keeps_its_id():
    assert an_id() == an_id() == UUID("64a8697d-03af-5439-b020-9e5f7d3a4a70")


@pytest.mark.parametrize(
    "changes",
    [
        {"workspace_id": UUID(int=7)},
        {"channel_id": UUID(int=7)},
        {"namespace": "site"},
        {"namespace": "douyink", "key": b"msg-1"},
        {"key": b"dmsg-1"},
        {"output": 1},
        {"mapping_revision": 1},
        {"output": 1, "mapping_revision": 0},
    ],
    ids=str,
)
def test_every_part_of_the_identity_makes_another_id(changes):
    assert an_id(**changes) != an_id()


def test_an_activity_and_a_snapshot_of_one_item_are_two_things():
    scope = Scope(WORKSPACE, CHANNEL, "douyin")
    assert scope.snapshot_id(b"kmsg-1", output=0) != an_id()


def test_a_key_and_a_digest_are_told_apart():
    keyed = Item(index=0, dedup_key="k", canonical=b"{}", content={})
    plain = Item(index=0, dedup_key=None, canonical=b"{}", content={})
    assert key_of(keyed) == b"kk"
    assert key_of(plain)[:1] == b"d"
    assert len(key_of(plain)) == 17


def test_keys_are_remembered_by_their_whole_scope():
    digests = {
        Scope(WORKSPACE, CHANNEL, "ab").dedup_digest(b"kc"),
        Scope(WORKSPACE, CHANNEL, "a").dedup_digest(b"bkc"),
        Scope(WORKSPACE, UUID(int=6), "ab").dedup_digest(b"kc"),
        Scope(UUID(int=4), CHANNEL, "ab").dedup_digest(b"kc"),
    }
    assert len(digests) == 4
    assert {len(digest) for digest in digests} == {16}
