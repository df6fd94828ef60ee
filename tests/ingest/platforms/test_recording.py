"""Ids follow from what an act is, and from nothing else."""

from datetime import UTC, datetime
from uuid import UUID

from mediaops_common.activity_types import activates
from mediaops_common.events.activity import Actor
from mediaops_ingest.platforms.identity import dedup_digest
from mediaops_ingest.platforms.port import ActivityDraft, SnapshotDraft
from mediaops_ingest.platforms.recording import Origin, activity_of, snapshot_of

from tests.ingest.platforms.examples import a_context

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
WORKSPACE, SOURCE, DELIVERY = UUID(int=1), UUID(int=2), UUID(int=3)
DRAFT = ActivityDraft(type="like.created", occurred_at=NOW, actor=Actor(external_id="u"))


def an_origin(**changes):
    known = {
        "workspace_id": WORKSPACE,
        "source_id": SOURCE,
        "delivery_id": DELIVERY,
        "namespace": "douyin",
        "key": b"kmsg-1",
        "item": 0,
    }
    return Origin(**{**known, **changes})


def test_an_act_has_one_id_by_whichever_way_it_comes():
    pushed = activity_of(DRAFT, an_origin(), a_context())
    posted = activity_of(DRAFT, an_origin(source_id=UUID(int=9), item=4), a_context())
    assert pushed.id == posted.id


def test_every_part_of_the_identity_makes_another_id():
    base = activity_of(DRAFT, an_origin(), a_context()).id
    others = {
        activity_of(DRAFT, an_origin(workspace_id=UUID(int=7)), a_context()).id,
        activity_of(DRAFT, an_origin(namespace="site"), a_context()).id,
        activity_of(DRAFT, an_origin(key=b"kmsg-2"), a_context()).id,
        activity_of(DRAFT, an_origin(key=b"dmsg-1"), a_context()).id,
        activity_of(DRAFT, an_origin(), a_context(channel_id=UUID(int=8))).id,
        activity_of(DRAFT, an_origin(), a_context(), output=1).id,
        activity_of(DRAFT, an_origin(), a_context(), mapping_revision=1).id,
        snapshot_of(
            SnapshotDraft(metric="m", value=1, kind="gauge", as_of=NOW), an_origin(), a_context()
        ).id,
    }
    assert len(others | {base}) == 9


def test_keys_are_remembered_by_their_whole_scope():
    digests = {
        dedup_digest(WORKSPACE, UUID(int=5), "ab", b"kc"),
        dedup_digest(WORKSPACE, UUID(int=5), "a", b"kbc"),
        dedup_digest(WORKSPACE, UUID(int=6), "ab", b"kc"),
        dedup_digest(UUID(int=4), UUID(int=5), "ab", b"kc"),
    }
    assert len(digests) == 4
    assert {len(digest) for digest in digests} == {16}


def test_the_channel_itself_makes_nobody_active():
    person = activity_of(DRAFT, an_origin(), a_context())
    channel = activity_of(DRAFT, an_origin(), a_context(channel_external_id="u"))
    assert activates(person)
    assert channel.by_channel
    assert not activates(channel)
