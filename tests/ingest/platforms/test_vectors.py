"""Every independent vector gives its verdict, its answer and its types."""

import json
from typing import Any

import pytest
from mediaops_ingest.platforms.identity import canonical_digest
from mediaops_ingest.platforms.port import (
    Answer,
    Handshake,
    Ignored,
    Item,
    ItemFailed,
    Malformed,
    Refused,
    Verdict,
    Verified,
)
from mediaops_ingest.platforms.proofs import sorted_sha1
from mediaops_ingest.platforms.registry import ADAPTERS
from mediaops_ingest.platforms.sorted_proofs import is_signed
from mediaops_ingest.platforms.wechat_crypto import WeChatCipher
from mediaops_ingest.platforms.wechat_messages import parse

from tests.ingest.platforms.examples import Example, a_context, are_types, examples, types_of

EXAMPLES = [one for one in examples() if one.raw["method"] != "REPLY"]

LONGER_KEYS = {"wechat-oa", "wecom"}
"""Where more is added to the platform's key, so that two events of one second stay apart."""

BY_ORDER = {"youzan-trade-paid"}
"""A payment is known by its order: it comes in two messages with an id each."""

POLICY: dict[str, Verdict] = {
    # The guide shows lower case and does not say: strict, as everywhere else.
    "kuaishou-upper-case-hex": Refused("signature"),
    # Stripe's own libraries look only at the past; a clock may be wrong either way.
    "stripe-future-one-hour": Refused("timestamp"),
    # A probe is acknowledged, not stored and not answered with anything that was sent: refusing it
    # may switch the push off.
    "youzan-test-probe-with-wrong-sign": Ignored(Answer(), "probe"),
}
"""What the documents leave open, and how it was decided."""


def verify(example: Example) -> Verdict:
    adapter = ADAPTERS[example.scheme]
    settled = adapter.declaration.settle(example.secrets, {})
    return adapter.prepare([settled.secrets], settled.config).verify(example.request)


def items(example: Example) -> list[Item]:
    return ADAPTERS[example.scheme].split(example.request, [example.secrets], {})


def types(example: Example) -> list[str]:
    context = a_context(received_at=example.request.now)
    normalise = ADAPTERS[example.scheme].normalise
    return [type_ for item in items(example) for type_ in types_of(normalise(item, context))]


def of(*verdicts: str) -> pytest.MarkDecorator:
    chosen = [one for one in EXAMPLES if one.verdict in verdicts]
    return pytest.mark.parametrize("example", chosen, ids=lambda one: one.name)


@of("accept", "accept-unsigned", "duplicate")
def test_an_accepted_vector_is_verified_and_gives_its_types(example: Example):
    assert isinstance(verify(example), Verified)
    wanted = example.raw["expected"].get("canonical_type")
    if wanted:
        assert are_types(types(example), wanted)


@of("accept")
def test_an_accepted_vector_is_known_again_by_its_key(example: Example):
    wanted = example.raw["expected"].get("dedupe_key")
    if wanted is None or example.name in BY_ORDER:
        return
    keys = [item.dedup_key for item in items(example)]
    for key, part in zip(keys, wanted.split(", "), strict=True):
        assert str(key).startswith(part) if example.scheme in LONGER_KEYS else key == part


@of("accept", "accept-unsigned", "duplicate")
def test_the_answer_is_what_the_platform_wants(example: Example):
    adapter = ADAPTERS[example.scheme]
    verifier = adapter.prepare([example.secrets], {})
    answer = verifier.answer(example.request, Verified())
    assert 200 <= answer.status < 300
    wanted = example.raw["expected"].get("response", {})
    assert answer.status == wanted.get("status", answer.status)
    if "text_any_of" in wanted:
        assert answer.body.decode() in wanted["text_any_of"]
    if "text" in wanted:
        assert answer.body.decode() == wanted["text"]
    if "json" in wanted:
        assert json.loads(answer.body) == wanted["json"]


@of("accept")
def test_what_is_said_of_the_parsed_event_holds(example: Example):
    parsed = example.raw.get("parsed")
    if not parsed or example.scheme != "cloudevents":
        return
    event = items(example)[0].content
    for name, value in parsed.items():
        if name == "data_hex":
            import base64

            assert base64.b64decode(event["data_base64"]).hex() == value
        elif name == "datacontenttype":
            assert event[name] == value.partition(";")[0]
        else:
            assert event[name] == value


@of("accept")
def test_the_plaintext_is_what_was_encrypted(example: Example):
    plaintext = example.raw["expected"].get("plaintext")
    if plaintext and plaintext.startswith("{"):
        assert items(example)[0].content == json.loads(plaintext)
    elif plaintext:
        assert all(
            f">{text}<" in plaintext or f"[{text}]" in plaintext
            for text in texts_in(items(example)[0].content)
        )


def texts_in(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    several = value.values() if isinstance(value, dict) else value
    return [text for one in several for text in texts_in(one)]


@of("reject")
def test_a_rejected_vector_is_refused_for_its_reason(example: Example):
    verdict = verify(example)
    wanted = example.raw["expected"]
    assert isinstance(verdict, Refused | Malformed)
    if wanted["reason"] in ("json", "xml", "schema", "encoding", "media-type", "size"):
        assert isinstance(verdict, Malformed)
        assert verdict.status == wanted.get("response", {}).get("status", 400)
    else:
        assert isinstance(verdict, Refused)
        assert verdict.status == wanted.get("response", {}).get("status", verdict.status)
    assert verdict.reason == wanted["reason"]


@of("discard")
def test_a_discarded_vector_hears_a_success_and_is_refused(example: Example):
    verdict = verify(example)
    assert isinstance(verdict, Refused)
    assert verdict.status == 204
    assert verdict.reason == example.raw["expected"]["reason"]


@of("handshake")
def test_a_handshake_is_answered_exactly(example: Example):
    verdict = verify(example)
    assert isinstance(verdict, Handshake)
    answer, wanted = verdict.answer, example.raw["expected"].get("response", {})
    assert answer.status == wanted.get("status", answer.status)
    if "json_text" in wanted:
        assert answer.body.decode() == wanted["json_text"]
    if "json" in wanted:
        assert json.loads(answer.body) == wanted["json"]
    if "text" in wanted:
        assert answer.body.decode() == wanted["text"]
    if "content_type" in wanted:
        assert answer.content_type == wanted["content_type"]
    headers = dict(answer.headers)
    for name, value in wanted.get("headers", {}).items():
        assert headers[name] == value.partition(" or ")[0]


@of("ignore")
def test_an_ignored_vector_is_answered_and_not_stored(example: Example):
    verdict = verify(example)
    assert isinstance(verdict, Ignored)
    assert 200 <= verdict.answer.status < 300


@of("accept-signature")
def test_a_right_signature_over_no_event_is_malformed_not_refused(example: Example):
    if "encoding_aes_key" not in example.secrets and example.scheme == "wecom":
        # Published without a key, so that no source can be made of it.
        given, sealed = example.request.parameters(), parse(example.body)["Encrypt"]
        parts = (example.secrets["token"], given["timestamp"], given["nonce"], sealed)
        assert is_signed(given["msg_signature"], *parts)
        return
    assert isinstance(verify(example), Malformed)


@of("policy")
def test_what_the_documents_leave_open_is_decided(example: Example):
    if example.name in POLICY:
        verdict, decided = verify(example), POLICY[example.name]
        assert (type(verdict), getattr(verdict, "reason", None)) == (
            type(decided),
            getattr(decided, "reason", None),
        )
        return
    # Of a batch with one bad member the good one counts and the bad one is shown.
    assert isinstance(verify(example), Verified)
    good, bad = items(example)
    assert types_of(ADAPTERS[example.scheme].normalise(good, a_context())) == ["video.published"]
    with pytest.raises(ItemFailed, match="id"):
        ADAPTERS[example.scheme].normalise(bad, a_context())


@of("duplicate")
def test_a_duplicate_has_the_key_and_the_digest_of_its_predecessor(example: Example):
    predecessor = next(one for one in EXAMPLES if one.comes_before(example))
    first, second = items(predecessor)[0], items(example)[0]
    assert first.dedup_key == second.dedup_key
    assert canonical_digest(first) == canonical_digest(second)


@pytest.mark.parametrize(
    "example", [one for one in examples() if one.raw["method"] == "REPLY"], ids=lambda one: one.name
)
def test_an_encrypted_reply_is_produced_to_the_byte(example: Example):
    secrets, wanted = example.raw["secrets"], example.raw["expected"]["response"]["json"]
    cipher = WeChatCipher(secrets["encoding_aes_key"], secrets["app_id"])
    sealed = cipher.encrypt(example.body, secrets["random16"].encode())
    parts = (secrets["token"], secrets["timestamp"], secrets["nonce"], sealed)
    assert sealed == wanted["Encrypt"]
    assert sorted_sha1(parts).decode() == wanted["MsgSignature"]
