"""Standard Webhooks: proof, rotation, and the canonical bodies partners send."""

from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from mediaops_ingest.platforms.declaration import BadSetting
from mediaops_ingest.platforms.identity import canonical_digest, key_of
from mediaops_ingest.platforms.port import (
    ActivityDraft,
    ItemFailed,
    Malformed,
    Refused,
    Request,
    SnapshotDraft,
    Unmapped,
    Verified,
)
from mediaops_ingest.platforms.standard_webhooks import StandardWebhooks

from tests.ingest.platforms.examples import CHANNEL, a_context, types_of
from tests.ingest.platforms.signers import NOW, SECRET, a_like, a_standard_webhook

adapter = StandardWebhooks()
OTHER = "whsec_" + b64encode(b"another secret of thirty-two b!!").decode()


def verify(request: Request, *live: dict):
    return adapter.prepare(live or [{"secret": SECRET}], {}).verify(request)


def only_draft(body: object):
    (item,) = adapter.split(a_standard_webhook(body), [], {})
    (draft,) = adapter.normalise(item, a_context())
    return draft


def test_what_the_reference_library_signs_is_verified():
    assert verify(a_standard_webhook({"type": "like.created", "data": a_like()})) == Verified(0)


def test_both_live_secrets_are_tried_and_the_one_that_matched_is_named():
    request = a_standard_webhook({}, secret=OTHER)
    assert verify(request, {"secret": SECRET}, {"secret": OTHER}) == Verified(1)
    assert verify(request, {"secrets": [SECRET, OTHER]}) == Verified(0)
    assert verify(request, {"secret": SECRET}) == Refused("signature")


def test_the_window_is_300_seconds_both_ways():
    for seconds, verdict in ((300, Verified(0)), (301, Refused("timestamp"))):
        for direction in (1, -1):
            late = NOW + timedelta(seconds=direction * seconds)
            request = msgspec.structs.replace(a_standard_webhook({}), now=late)
            assert verify(request) == verdict


def test_a_signature_with_a_public_key_has_one_spelling():
    key = Ed25519PrivateKey.from_private_bytes(b"p" * 32)
    public = {"public_key": "whpk_" + b64encode(key.public_key().public_bytes_raw()).decode()}
    request = a_standard_webhook({}, id_="m")
    text = f"m.{int(NOW.timestamp())}.".encode() + request.body
    signature = b"v1a," + b64encode(key.sign(text))
    # The last letter before the padding holds four bits that mean nothing.
    last = signature[-3]
    other = signature[:-3] + bytes([last + 1 if last != ord("Z") else last - 1]) + b"=="

    def with_signatures(value: bytes) -> Request:
        headers = [
            (name, value if name == b"webhook-signature" else given)
            for name, given in request.headers
        ]
        return msgspec.structs.replace(request, headers=headers)

    assert verify(with_signatures(b"v1,AAAA v2,BBBB " + signature), public) == Verified(0)
    assert b64decode(other[4:]) == b64decode(signature[4:])
    assert verify(with_signatures(other), public) == Refused("signature")


def test_a_body_that_is_no_json_is_malformed_only_after_its_proof():
    assert verify(a_standard_webhook("{")) == Malformed(400, "json")
    forged = a_standard_webhook("{", secret=OTHER)
    assert verify(forged) == Refused("signature")


@pytest.mark.parametrize(
    "secrets",
    [
        {"secret": "whsec_not base64"},
        {"secret": "whsec_"},
        {"secrets": [SECRET, "whsec_%"]},
        {"public_key": "whpk_" + b64encode(b"short").decode()},
    ],
)
def test_a_key_that_is_none_is_named(secrets: dict):
    with pytest.raises(BadSetting) as caught:
        adapter.prepare([secrets], {})
    assert caught.value.field.startswith(f"secrets.{next(iter(secrets))}")


def test_a_secret_is_generated_only_when_no_proof_is_given():
    settle = adapter.declaration.settle
    generated = str(settle({}, {}).secrets["secret"])
    assert generated.startswith("whsec_")
    assert len(generated) == len("whsec_") + 44
    assert settle({"secret": SECRET}, {}).secrets == {"secret": SECRET}
    public = b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()
    assert settle({"public_key": f"whpk_{public}"}, {}).secrets.keys() == {"public_key"}


def test_the_canonical_activity_is_read_from_data():
    draft = only_draft(
        {
            "type": "com.mediaops.like.created",
            "timestamp": "2026-11-22T08:00:00Z",
            "data": a_like(count=3, context={"region": "CN-ZJ"}, mood="good"),
        }
    )
    assert isinstance(draft, ActivityDraft)
    assert (draft.type, draft.count, draft.content) == ("like.created", 3, "v-1")
    assert draft.actor is not None
    assert (draft.actor.external_id, draft.actor.name) == ("u-1", "小王")
    assert draft.context == {"region": "CN-ZJ", "mood": "good"}


def test_the_time_is_the_activitys_else_the_envelopes_else_the_attempts():
    own = only_draft(
        {"type": "like.created", "timestamp": "2026-11-22T07:00:00Z", "data": a_like()}
    )
    assert own.occurred_at == datetime(2026, 11, 22, 8, tzinfo=UTC)
    envelope = only_draft({"type": "like.created", "timestamp": "2026-11-22T07:00:00+08:00"})
    assert envelope.occurred_at == datetime(2026, 11, 21, 23, tzinfo=UTC)
    attempt = only_draft({"type": "like.created", "data": {}})
    assert attempt.occurred_at == NOW


def test_a_flat_body_is_read_like_data():
    draft = only_draft({"type": "like.created", **a_like()})
    assert draft.actor.external_id == "u-1"


def test_a_counter_becomes_a_snapshot():
    draft = only_draft(
        {
            "type": "metrics.snapshot",
            "timestamp": "2026-11-22T08:00:00Z",
            "data": {"metric": "followers", "value": 12, "kind": "gauge"},
        }
    )
    assert draft == SnapshotDraft(
        metric="followers", value=12, kind="gauge", as_of=datetime(2026, 11, 22, 8, tzinfo=UTC)
    )


@pytest.mark.parametrize("body", [{"test": 1}, {"type": "stock.moved"}, {"type": 3}, [], 1, None])
def test_what_is_not_ours_is_unmapped(body: object):
    assert isinstance(only_draft(body), Unmapped)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"type": "like.removed"}, "type"),
        ({"type": 7}, "type"),
        ({"channel_id": str(CHANNEL).replace("0192", "0193")}, "channel_id"),
        ({"count": 0}, "count"),
        ({"count": 1.5}, "count"),
        ({"occurred_at": "2026-11-22T08:00:00"}, "occurred_at"),
        ({"occurred_at": "1999-12-31T23:59:59Z"}, "occurred_at"),
        ({"actor": {"external_id": ""}}, "actor.external_id"),
        ({"actor": {}}, "actor.external_id"),
        ({"value": {"amount_minor": 19.9, "currency": "CNY"}}, "value.amount_minor"),
        ({"value": {"amount_minor": 1, "currency": "yuan"}}, "value.currency"),
        ({"value": {"amount_minor": 1, "currency": "CNY\n"}}, "value.currency"),
        ({"text": "x" * 70_000}, ""),
    ],
)
def test_an_activity_that_is_ours_and_wrong_fails_by_its_field(changes: dict, field: str):
    with pytest.raises(ItemFailed) as caught:
        only_draft({"type": "like.created", "data": a_like(**changes)})
    assert caught.value.field == field


def test_the_channel_may_be_named_and_the_type_repeated():
    draft = only_draft(
        {
            "type": "like.created",
            "data": a_like(channel_id=str(CHANNEL).upper(), type="com.mediaops.like.created"),
        }
    )
    assert draft.type == "like.created"


def test_the_webhooks_id_is_the_key_unless_the_activity_brings_its_own():
    (plain,) = adapter.split(a_standard_webhook({"type": "like.created"}, id_="m-7"), [], {})
    (own,) = adapter.split(
        a_standard_webhook({"type": "like.created", "data": {"dedup_key": "k-1"}}, id_="m-7"),
        [],
        {},
    )
    assert (plain.dedup_key, own.dedup_key) == ("m-7", "k-1")


def test_an_activity_that_says_its_time_is_the_same_in_a_later_envelope():
    def digest(data: dict, minute: int) -> bytes:
        body = {"type": "like.created", "timestamp": f"2026-11-22T08:{minute}:00Z", "data": data}
        return canonical_digest(adapter.split(a_standard_webhook(body), [], {})[0])

    timed, untimed = a_like(dedup_key="k"), {"dedup_key": "k"}
    assert digest(timed, 10) == digest(timed, 20)
    assert digest(untimed, 10) != digest(untimed, 20)


def test_a_list_of_ours_gives_an_item_each_with_keys_that_stay_the_same():
    body = {"timestamp": "2026-11-22T08:00:00Z", "data": [a_like(type="like.created")] * 3}
    first = adapter.split(a_standard_webhook(body, id_="m"), [], {})
    again = adapter.split(a_standard_webhook(body, id_="m", now=NOW + timedelta(hours=1)), [], {})
    assert [item.dedup_key for item in first] == ["m#0", "m#1", "m#2"]
    assert [key_of(item) for item in first] == [key_of(item) for item in again]
    assert [canonical_digest(i) for i in first] == [canonical_digest(i) for i in again]
    assert (
        types_of([d for i in first for d in adapter.normalise(i, a_context())])
        == ["like.created"] * 3
    )


def test_a_list_of_anything_else_stays_whole_for_its_mapping():
    body = {"type": "basket.closed", "data": [{"sku": 1}, {"sku": 2}]}
    (item,) = adapter.split(a_standard_webhook(body), [], {})
    assert item.content == body


def test_order_and_space_of_the_body_do_not_change_its_digest():
    spaced = a_standard_webhook('{ "type": "like.created",\n "data": {"a": 1, "b": [1, 2]} }')
    dense = a_standard_webhook('{"data":{"b":[1,2],"a":1},"type":"like.created"}')
    other = a_standard_webhook('{"data":{"b":[2,1],"a":1},"type":"like.created"}')
    digests = [canonical_digest(adapter.split(r, [], {})[0]) for r in (spaced, dense, other)]
    assert digests[0] == digests[1] != digests[2]


def test_the_sample_is_signed_and_counts_nothing():
    secrets = {"secret": SECRET}
    sample = adapter.sample(secrets, {}, now=NOW, unique="1")
    assert sample is not None
    assert verify(sample) == Verified(0)
    (item,) = adapter.split(sample, [], {})
    assert types_of(adapter.normalise(item, a_context())) == ["unmapped"]
    assert adapter.sample({"public_key": "x"}, {}, now=NOW, unique="1") is None
