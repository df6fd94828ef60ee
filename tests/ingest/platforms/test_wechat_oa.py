"""微信公众号: the three modes, against wechatpy, and what messages mean."""

import msgspec
import pytest
from mediaops_ingest.platforms.declaration import BadSetting
from mediaops_ingest.platforms.identity import canonical_digest
from mediaops_ingest.platforms.port import (
    Handshake,
    Malformed,
    Refused,
    Request,
    Unreadable,
    Verified,
)
from mediaops_ingest.platforms.wechat_crypto import WeChatCipher
from mediaops_ingest.platforms.wechat_oa import WeChatOfficialAccount
from wechatpy.crypto import WeChatCrypto

from tests.ingest.platforms.examples import a_context, types_of
from tests.ingest.platforms.signers import (
    NOW,
    WECHAT,
    a_sealed_wechat_message,
    a_wechat_message,
    wechat_xml,
)

adapter = WeChatOfficialAccount()
CONTEXT = a_context(platform="wechat-oa", id_scope="channel", received_at=NOW)
SUBSCRIBE = wechat_xml(Event="subscribe", EventKey="qrscene_live_7")
PLAIN = {"token": WECHAT["token"]}


def verify(request: Request, *live: dict, **config: str):
    return adapter.prepare(live or [WECHAT], config).verify(request)


def items(request: Request, *known: dict):
    return adapter.split(request, known or [WECHAT], {})


def draft_of(**fields: object):
    (item,) = items(a_wechat_message(wechat_xml(**fields)))
    (draft,) = adapter.normalise(item, CONTEXT)
    return draft


def test_what_wechatpy_encrypts_is_verified_decrypted_and_read():
    request = a_sealed_wechat_message(SUBSCRIBE)
    assert verify(request) == Verified(0)
    (item,) = items(request)
    (draft,) = adapter.normalise(item, CONTEXT)
    assert draft.type == "follow.created"
    assert (draft.actor.external_id, draft.actor.id_scope) == ("fan", "channel")
    assert draft.context["scene"] == "live_7"


def test_what_we_encrypt_is_read_by_wechatpy():
    sample = adapter.sample(WECHAT, {}, now=NOW, unique="1")
    crypto = WeChatCrypto(WECHAT["token"], WECHAT["encoding_aes_key"], WECHAT["app_id"])
    parameters = sample.parameters()
    sealed = msgspec.json.decode(sample.body)["Encrypt"]
    text = crypto.decrypt_message(
        f"<xml><Encrypt>{sealed}</Encrypt></xml>",
        parameters["msg_signature"],
        parameters["timestamp"],
        parameters["nonce"],
    )
    assert "mediaops_test" in text


def test_a_retry_with_another_random_prefix_is_the_same_item():
    first, again = a_sealed_wechat_message(SUBSCRIBE), a_sealed_wechat_message(SUBSCRIBE, nonce="2")
    assert first.body != again.body
    (one,), (two,) = items(first), items(again)
    assert one.dedup_key == two.dedup_key
    assert canonical_digest(one) == canonical_digest(two)


def test_a_message_encrypted_with_a_retired_key_stays_readable():
    retired = {**WECHAT, "encoding_aes_key": "A" * 43}
    request = a_sealed_wechat_message(SUBSCRIBE)
    assert items(request, retired, WECHAT)[0].content["Event"] == "subscribe"
    with pytest.raises(Unreadable):
        items(request, retired)


def test_safe_mode_refuses_what_is_not_encrypted():
    plain = a_wechat_message(SUBSCRIBE)
    assert verify(plain, {**WECHAT, "mode": "safe"}) == Refused("mode")
    assert verify(plain, WECHAT, mode="safe") == Refused("mode")
    assert verify(plain, WECHAT) == Verified(0)
    assert verify(a_sealed_wechat_message(SUBSCRIBE), {**WECHAT, "mode": "safe"}) == Verified(0)


def test_safe_mode_needs_a_key():
    with pytest.raises(BadSetting, match="encoding_aes_key"):
        adapter.prepare([PLAIN], {"mode": "safe"})


def test_a_set_from_before_safe_mode_proves_nothing_in_it_and_stops_nobody():
    sealed, plain = a_sealed_wechat_message(SUBSCRIBE), a_wechat_message(SUBSCRIBE)
    assert verify(sealed, WECHAT, PLAIN, mode="safe") == Verified(0)
    assert verify(plain, WECHAT, PLAIN, mode="safe") == Refused("mode")
    assert adapter.split(sealed, [WECHAT, PLAIN], {"mode": "safe"})


def test_in_compatible_mode_the_sealed_form_decides():
    beside = "<FromUserName>forged</FromUserName><MsgType>event</MsgType><Event>CLICK</Event>"
    request = a_sealed_wechat_message(SUBSCRIBE, beside=beside)
    assert verify(request) == Verified(0)
    assert items(request)[0].content["FromUserName"] == "fan"
    unsealed = msgspec.structs.replace(request, query=request.query.partition(b"&openid")[0])
    assert verify(unsealed) == Refused("header")


def test_without_a_key_the_clear_form_of_compatible_mode_is_read():
    beside = "<FromUserName>fan</FromUserName><MsgType>event</MsgType><Event>CLICK</Event>"
    request = a_sealed_wechat_message(SUBSCRIBE, beside=beside)
    assert verify(request, PLAIN) == Verified(0)
    assert items(request, PLAIN)[0].content["Event"] == "CLICK"
    assert verify(a_sealed_wechat_message(SUBSCRIBE), PLAIN) == Refused("mode")


def test_the_sealed_form_that_nobody_can_open_does_not_make_a_conflict_of_a_retry():
    beside = "<FromUserName>fan</FromUserName><MsgType>event</MsgType><Event>CLICK</Event>"
    (first,), (again,) = (
        items(a_sealed_wechat_message(SUBSCRIBE, nonce=nonce, beside=beside), PLAIN)
        for nonce in ("1", "2")
    )
    assert canonical_digest(first) == canonical_digest(again)


def test_an_app_id_of_somebody_else_is_refused():
    other = {**WECHAT, "app_id": "wx0000000000000000"}
    assert verify(a_sealed_wechat_message(SUBSCRIBE), other) == Refused("app_id")


def test_of_two_live_tokens_either_is_enough():
    assert verify(a_wechat_message(SUBSCRIBE), {"token": "new"}, PLAIN) == Verified(1)
    assert verify(a_wechat_message(SUBSCRIBE), {"token": "new"}) == Refused("signature")


@pytest.mark.parametrize("key", ["A" * 42, "A" * 44, "A" * 42 + "!", "A" * 42 + "=", "", "鍵" * 43])
def test_a_key_that_is_none_is_named(key: str):
    with pytest.raises(BadSetting, match="encoding_aes_key"):
        adapter.prepare([{**WECHAT, "encoding_aes_key": key}], {})


def test_a_key_with_stray_bits_in_its_last_character_is_one():
    key, clean = "A" * 42 + "R", "A" * 42 + "Q"
    sealed = WeChatCipher(key, "wx1").encrypt(b"message", b"0" * 16)
    assert WeChatCipher(clean, "wx1").decrypt(sealed) == b"message"


def test_half_of_the_encrypted_modes_keys_is_refused_by_name():
    settle = adapter.declaration.settle
    with pytest.raises(BadSetting, match=r"secrets\.encoding_aes_key"):
        settle({"token": "t", "app_id": "wx1"}, {})
    with pytest.raises(BadSetting, match=r"secrets\.token"):
        settle({"app_id": "wx1", "encoding_aes_key": "A" * 43}, {})
    with pytest.raises(BadSetting, match=r"secrets\.mode"):
        settle({"token": "t", "mode": "open"}, {})
    assert len(settle({}, {"mode": "plain"}).secrets["token"]) == 32


def test_the_handshake_is_text_that_no_browser_runs():
    request = a_wechat_message("")
    query = request.query + b"&echostr=%3Cscript%3E"
    verdict = verify(msgspec.structs.replace(request, method="GET", query=query))
    assert isinstance(verdict, Handshake)
    assert (verdict.answer.body, verdict.answer.content_type) == (b"<script>", "text/plain")
    assert ("X-Content-Type-Options", "nosniff") in verdict.answer.headers
    without = msgspec.structs.replace(request, method="GET")
    assert verify(without) == Malformed(400, "schema")


def test_answers_are_success_in_every_mode():
    for request in (a_wechat_message(SUBSCRIBE), a_sealed_wechat_message(SUBSCRIBE)):
        answer = adapter.prepare([WECHAT], {}).answer(request, Verified(0))
        assert (answer.status, answer.body, answer.content_type) == (200, b"success", "text/plain")


def test_hostile_xml_inside_a_rightly_sealed_envelope_is_malformed():
    hostile = '<!DOCTYPE x [<!ENTITY e "x">]><xml><FromUserName>&e;</FromUserName></xml>'
    assert verify(a_sealed_wechat_message(hostile)) == Malformed(400, "xml")
    assert verify(a_sealed_wechat_message("<xml><a>1</a></xml>")) == Malformed(400, "schema")


def test_event_names_are_known_in_any_case():
    assert draft_of(Event="Scan", EventKey="7").type == "qrcode.scanned"
    assert draft_of(Event="TemplateSendJobFinish", Status="success").type == "message.sent"


def test_where_a_fan_is_is_counted_and_not_kept():
    draft = draft_of(Event="LOCATION", Latitude="23.1", Longitude="113.3")
    assert draft.type == "location.reported"
    assert "23.1" not in repr(draft)


def test_a_finished_job_is_only_a_success_when_it_says_so():
    assert draft_of(Event="MASSSENDJOBFINISH", Status="send success").type == "post.published"
    assert draft_of(Event="MASSSENDJOBFINISH", Status="sendsuccess").type == "post.published"
    failed = draft_of(Event="MASSSENDJOBFINISH", Status="err(10001)", SentCount="0")
    assert failed.type == "post.publish_failed"
    assert failed.by_channel
    assert failed.actor is None


@pytest.mark.parametrize("event", ["PUBLISHJOBFINISH", "FREEPUBLISHJOBFINISH"])
def test_a_publication_names_its_articles(event: str):
    def finished(status: int, articles: str):
        report = f"<publish_id>7</publish_id><publish_status>{status}</publish_status>"
        detail = f"<article_id>a-1</article_id><article_detail>{articles}</article_detail>"
        return draft_of(Event=event, PublishEventInfo=report + detail)

    first, second = (
        f"<item><article_url><![CDATA[https://mp.example/s?a={n}&b=1]]></article_url></item>"
        for n in (1, 2)
    )
    one, both, none = finished(0, first), finished(0, first + second), finished(3, "")
    assert (one.type, one.content) == ("post.published", "a-1")
    assert one.context["article_urls"] == ["https://mp.example/s?a=1&b=1"]
    assert len(both.context["article_urls"]) == 2
    assert (none.type, none.context["publish_status"]) == ("post.publish_failed", "3")
    assert "article_urls" not in none.context


def test_a_message_keeps_its_text():
    draft = draft_of(MsgType="text", Content="在吗", MsgId="9007199254740993")
    assert (draft.type, draft.text) == ("message.received", "在吗")


def test_two_events_of_one_second_stay_apart():
    keys = {
        items(a_wechat_message(wechat_xml(**fields)))[0].dedup_key
        for fields in (
            {"Event": "CLICK", "EventKey": "a"},
            {"Event": "CLICK", "EventKey": "b"},
            {"Event": "VIEW", "EventKey": "a"},
            {"Event": "MASSSENDJOBFINISH", "MsgID": "1"},
            {"Event": "MASSSENDJOBFINISH", "MsgID": "2"},
            {"Event": "PUBLISHJOBFINISH", "PublishEventInfo": "<publish_id>1</publish_id>"},
            {"Event": "PUBLISHJOBFINISH", "PublishEventInfo": "<publish_id>2</publish_id>"},
        )
    }
    assert len(keys) == 7


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_the_sample_is_signed_as_the_mode_wants_it_and_counts_nothing(mode: str):
    secrets = {**WECHAT, "mode": mode}
    sample = adapter.sample(secrets, {}, now=NOW, unique="1")
    assert verify(sample, secrets) == Verified(0)
    (item,) = items(sample, secrets)
    assert types_of(adapter.normalise(item, CONTEXT)) == ["unmapped"]
