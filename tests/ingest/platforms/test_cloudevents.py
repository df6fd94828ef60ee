"""CloudEvents: what the public SDK sends, and what it lets through and we do not."""

import json
from base64 import b64encode
from datetime import timedelta

import msgspec
import pytest
from mediaops_ingest.platforms.cloudevents import CloudEvents
from mediaops_ingest.platforms.identity import canonical_digest
from mediaops_ingest.platforms.port import (
    Handshake,
    ItemFailed,
    Malformed,
    Refused,
    Request,
    Verified,
)

from tests.ingest.platforms.examples import a_context, types_of
from tests.ingest.platforms.signers import NOW, a_cloud_event, a_like

adapter = CloudEvents()


def verify(request: Request, **secrets: str):
    return adapter.prepare([secrets], {}).verify(request)


@pytest.mark.parametrize("binary", [True, False])
def test_what_the_sdk_sends_is_read(binary: bool):
    request = a_cloud_event(a_like(), binary=binary, subject="v-1")
    assert verify(request) == Verified(0)
    (item,) = adapter.split(request, [], {})
    (draft,) = adapter.normalise(item, a_context())
    assert draft.type == "like.created"
    assert draft.actor.name == "小王"
    assert draft.context == {"subject": "v-1"}
    assert item.dedup_key == "/partners/1|ce-1"


def test_an_attribute_that_is_kept_as_region_is_no_longer_than_one():
    (item,) = adapter.split(a_cloud_event(a_like(), region="x" * 255), [], {})
    (draft,) = adapter.normalise(item, a_context())
    assert draft.context == {"region": "x" * 255}
    (item,) = adapter.split(a_cloud_event(a_like(), region="x" * 256), [], {})
    with pytest.raises(ItemFailed, match=r"context\.region"):
        adapter.normalise(item, a_context())


def test_both_modes_of_one_event_are_one_item():
    binary, structured = (
        adapter.split(a_cloud_event(a_like(), binary=mode), [], {})[0] for mode in (True, False)
    )
    assert binary.dedup_key == structured.dedup_key
    assert canonical_digest(binary) == canonical_digest(structured)


def test_one_mode_must_say_that_its_data_are_json_and_the_other_may_leave_it_out():
    binary, structured = (a_cloud_event(a_like(), binary=mode) for mode in (True, False))
    event = json.loads(structured.body)
    del event["datacontenttype"]
    structured = msgspec.structs.replace(structured, body=json.dumps(event).encode())
    (one,), (other,) = (adapter.split(request, [], {}) for request in (binary, structured))
    assert canonical_digest(one) == canonical_digest(other)


def test_tracing_does_not_make_another_event_of_a_repeat():
    first = a_cloud_event(a_like(), traceparent="00-1")
    again = a_cloud_event(a_like(), traceparent="00-2")
    digests = {canonical_digest(adapter.split(one, [], {})[0]) for one in (first, again)}
    assert len(digests) == 1


def test_two_events_that_bring_one_key_of_their_own_tell_of_one_act():
    one = a_cloud_event(a_like(dedup_key="k"), id="1")
    later = NOW + timedelta(hours=1)
    two = a_cloud_event(a_like(dedup_key="k"), id="2", source="/elsewhere", time=later)
    (first,), (second,) = (adapter.split(request, [], {}) for request in (one, two))
    assert first.dedup_key == second.dedup_key == "k"
    assert canonical_digest(first) == canonical_digest(second)


def test_json_that_came_as_bytes_is_read_like_json():
    plain = a_cloud_event(a_like())
    event = json.loads(plain.body)
    sealed = b64encode(json.dumps(event.pop("data")).encode()).decode()
    packed = msgspec.structs.replace(
        plain, body=json.dumps({**event, "data_base64": sealed}).encode()
    )
    assert verify(packed) == Verified(0)
    (one,), (other,) = adapter.split(plain, [], {}), adapter.split(packed, [], {})
    assert one.content == other.content
    assert canonical_digest(one) == canonical_digest(other)
    broken = json.dumps({**event, "data_base64": "ew=="}).encode()
    assert verify(msgspec.structs.replace(plain, body=broken)) == Malformed(400, "json")


def test_a_bar_in_the_source_does_not_mix_up_two_events():
    one = a_cloud_event({}, source="a|b", id="c")
    two = a_cloud_event({}, source="a", id="b|c")
    keys = [adapter.split(request, [], {})[0].dedup_key for request in (one, two)]
    assert keys[0] != keys[1]


def test_without_a_time_of_its_own_the_event_happened_when_it_came():
    sent = a_cloud_event({})
    body = sent.body.replace(b'"time": "2026-11-22T09:00:00Z", ', b"")
    assert body != sent.body
    request = msgspec.structs.replace(sent, body=body)
    (item,) = adapter.split(request, [], {})
    (draft,) = adapter.normalise(item, a_context(received_at=NOW))
    assert draft.occurred_at == NOW


def test_a_bearer_is_required_once_it_is_set():
    assert verify(a_cloud_event({}), bearer="b") == Refused("auth")
    assert verify(a_cloud_event({}, bearer="wrong"), bearer="b") == Refused("auth")
    assert verify(a_cloud_event({}, bearer="b"), bearer="b") == Verified(0)
    in_query = msgspec.structs.replace(a_cloud_event({}), query=b"access_token=b")
    assert verify(in_query, bearer="b") == Verified(0)


def test_of_two_live_bearers_either_is_enough():
    verifier = adapter.prepare([{"bearer": "new"}, {"bearer": "old"}], {})
    assert verifier.verify(a_cloud_event({}, bearer="old")) == Verified(1)
    assert verifier.verify(a_cloud_event({}, bearer="older")) == Refused("auth")


def test_the_handshake_gives_consent_without_a_proof_and_echoes_nothing_odd():
    def ask(origin: bytes, rate: bytes | None = None):
        headers = [(b"webhook-request-origin", origin)]
        if rate is not None:
            headers.append((b"webhook-request-rate", rate))
        request = Request(method="OPTIONS", headers=headers, now=NOW)
        return verify(request, bearer="b")

    verdict = ask(b"events.example.com", b"100")
    assert isinstance(verdict, Handshake)
    assert dict(verdict.answer.headers)["WebHook-Allowed-Rate"] == "100"
    assert dict(ask(b"e.example", b"many").answer.headers)["WebHook-Allowed-Rate"] == "*"
    assert ask(b"a\r\nb: c") == Malformed(400, "header")


def test_a_batch_without_any_good_member_is_refused_whole():
    request = Request(
        method="POST",
        headers=((b"content-type", b"application/cloudevents-batch+json"),),
        body=json.dumps([{"id": "1"}, 3]).encode(),
        now=NOW,
    )
    assert verify(request) == Malformed(400, "schema")


def test_binary_data_that_is_no_json_is_kept_and_unmapped():
    headers = (
        (b"ce-specversion", b"1.0"),
        (b"ce-id", b"1"),
        (b"ce-source", b"/s"),
        (b"ce-type", b"image.made"),
        (b"content-type", b"image/png"),
    )
    request = Request(method="POST", headers=headers, body=b"\x89PNG\x00", now=NOW)
    assert verify(request) == Verified(0)
    (item,) = adapter.split(request, [], {})
    assert item.content["data_base64"] == "iVBORwA="
    assert types_of(adapter.normalise(item, a_context())) == ["unmapped"]


def test_the_sample_carries_the_bearer_and_counts_nothing():
    sample = adapter.sample({"bearer": "b"}, {}, now=NOW, unique="1")
    assert verify(sample, bearer="b") == Verified(0)
    (item,) = adapter.split(sample, [], {})
    assert types_of(adapter.normalise(item, a_context())) == ["unmapped"]
