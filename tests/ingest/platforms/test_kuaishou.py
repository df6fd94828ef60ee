"""快手开放平台: its proof, its answers, its two events."""

from datetime import UTC, datetime

import pytest
from mediaops_ingest.platforms.identity import canonical_digest
from mediaops_ingest.platforms.kuaishou import Kuaishou
from mediaops_ingest.platforms.port import Handshake, Malformed, Refused, Unmapped, Verified

from tests.ingest.platforms.chinese_signers import KUAISHOU, a_kuaishou_push
from tests.ingest.platforms.examples import a_context, types_of
from tests.ingest.platforms.signers import NOW

adapter = Kuaishou()
CONTEXT = a_context(platform="kuaishou", received_at=NOW)


def verify(request, *live):
    return adapter.prepare(live or [KUAISHOU], {}).verify(request)


def draft_of(event: str, data: object, **outside: object):
    (item,) = adapter.split(a_kuaishou_push(event, data, **outside), [], {})
    (draft,) = adapter.normalise(item, CONTEXT)
    return draft


def test_a_push_is_answered_with_its_own_message_id():
    request = a_kuaishou_push("AUTHORIZE", {}, message_id="ks-9")
    verifier = adapter.prepare([KUAISHOU], {})
    assert verifier.verify(request) == Verified(0)
    answer = verifier.answer(request, Verified(0))
    assert (answer.status, answer.body) == (200, b'{"result":1,"message_id":"ks-9"}')


def test_a_number_as_message_id_stays_a_number_and_one_that_is_missing_is_left_out():
    verifier = adapter.prepare([KUAISHOU], {})
    numbered, bare = (a_kuaishou_push("X", {}, message_id=one) for one in (9007199254740993, None))
    assert b":9007199254740993}" in verifier.answer(numbered, Verified(0)).body
    assert verifier.answer(bare, Verified(0)).body == b'{"result":1}'
    assert adapter.split(bare, [], {})[0].dedup_key is None


def test_the_test_of_the_address_is_answered_and_not_stored():
    verdict = verify(a_kuaishou_push("test", {}))
    assert isinstance(verdict, Handshake)
    assert verdict.answer.body == b'{"result":1,"message_id":"m-1"}'
    forged = verify(a_kuaishou_push("test", {}), {"app_secret": "another"})
    assert forged == Refused("signature")


def test_a_repeat_is_known_by_its_message_id_whatever_its_timestamp():
    first, again, other = (
        adapter.split(a_kuaishou_push("AUTHORIZE", {"open_id": who}, timestamp=stamp), [], {})[0]
        for who, stamp in (("o-1", 1), ("o-1", 5001), ("o-2", 1))
    )
    assert first.dedup_key == again.dedup_key
    assert canonical_digest(first) == canonical_digest(again) != canonical_digest(other)
    # Without an id the time is all that tells two acts apart.
    bare = [
        adapter.split(a_kuaishou_push("X", {}, message_id=None, timestamp=stamp), [], {})[0]
        for stamp in (1, 2)
    ]
    assert canonical_digest(bare[0]) != canonical_digest(bare[1])


def test_after_a_change_of_the_secret_both_prove():
    assert verify(a_kuaishou_push("X", {}), {"app_secret": "new"}, KUAISHOU) == Verified(1)


@pytest.mark.parametrize("event", [None, 7, ["AUTHORIZE"]])
def test_a_push_without_the_name_of_an_event_is_malformed(event: object):
    assert verify(a_kuaishou_push(event, {})) == Malformed(400, "schema")


def test_who_gave_the_permission_is_the_account_itself():
    draft = draft_of("AUTHORIZE", {"open_id": "o-1", "scope": ["user_info"], "is_new": True})
    assert (draft.type, draft.actor.external_id, draft.by_channel) == (
        "account.authorized",
        "o-1",
        True,
    )
    assert draft.context == {"scope": ["user_info"], "is_new": True}
    assert draft.occurred_at == datetime(2026, 11, 22, 9, tzinfo=UTC)
    assert draft_of("UN_AUTHORIZE", None).type == "account.deauthorized"


def test_what_is_not_on_the_platforms_pages_is_unmapped():
    for event in ("LIVE_COMMENT", "authorize", "PAYMENT"):
        assert isinstance(draft_of(event, {"payload": []}), Unmapped)


def test_the_sample_is_signed_and_counts_nothing():
    sample = adapter.sample(KUAISHOU, {}, now=NOW, unique="1")
    assert verify(sample) == Verified(0)
    (item,) = adapter.split(sample, [], {})
    assert types_of(adapter.normalise(item, CONTEXT)) == ["unmapped"]
