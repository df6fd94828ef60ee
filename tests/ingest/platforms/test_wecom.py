"""企业微信, against wechatpy: both shapes of callbacks; and the envelope of 抖音小程序."""

from datetime import timedelta

import msgspec
import pytest
from mediaops_ingest.platforms.declaration import BadSetting
from mediaops_ingest.platforms.douyin_microapp import DouyinMicroapp
from mediaops_ingest.platforms.identity import canonical_digest
from mediaops_ingest.platforms.port import (
    Handshake,
    Malformed,
    Refused,
    Request,
    Unmapped,
    Unreadable,
    Verified,
)
from mediaops_ingest.platforms.wecom import WeCom

from tests.ingest.platforms.chinese_signers import (
    MICROAPP,
    PROVIDER,
    SECONDS,
    WECOM,
    a_microapp_push,
    a_post,
    a_wecom_callback,
    a_wecom_check,
    xml,
)
from tests.ingest.platforms.examples import a_context, types_of
from tests.ingest.platforms.signers import NOW

wecom, microapp = WeCom(), DouyinMicroapp()
CONTEXT = a_context(platform="wecom", id_scope="channel", received_at=NOW)


def verify(request: Request, *live: dict, adapter=wecom):
    return adapter.prepare(live or [WECOM], {}).verify(request)


def item_of(**fields: object):
    (item,) = wecom.split(a_wecom_callback(WECOM, CreateTime=SECONDS, **fields), [WECOM], {})
    return item


def draft_of(**fields: object):
    (draft,) = wecom.normalise(item_of(**fields), CONTEXT)
    return draft


def a_contact(change: str, **fields: object) -> dict:
    return {
        "Event": "change_external_contact",
        "ChangeType": change,
        "UserID": "zhangsan",
        "ExternalUserID": "wo1",
        **fields,
    }


def test_what_wechatpy_encrypts_is_verified_and_read():
    request = a_wecom_callback(WECOM, MsgType="text", FromUserName="li", MsgId=7, Content="好")
    assert verify(request) == Verified(0)
    (item,) = wecom.split(request, [WECOM], {})
    (draft,) = wecom.normalise(item, CONTEXT)
    assert (draft.type, draft.text, draft.actor.external_id) == ("message.received", "好", "li")
    assert item.dedup_key == "7"


def test_the_handshake_answers_with_what_is_inside_and_asks_no_database():
    query = a_wecom_check(WECOM, "1616140317555161061")
    request = Request(method="GET", query=query.encode(), now=NOW)
    verdict = verify(request)
    assert isinstance(verdict, Handshake)
    assert verdict.answer.body == b"1616140317555161061"
    assert verify(request, {**WECOM, "corp_id": "other"}) == Refused("app_id")
    assert verify(request, {**WECOM, "token": "other"}) == Refused("signature")
    bare = msgspec.structs.replace(request, query=query.partition("&echostr")[0].encode())
    assert verify(bare) == Refused("header")


def test_a_provider_hears_success_and_a_company_nothing():
    request = a_wecom_callback(PROVIDER, InfoType="change_external_tag")
    assert verify(request, PROVIDER) == Verified(0)
    answers = [wecom.prepare([one], {}).answer(request, Verified(0)) for one in (PROVIDER, WECOM)]
    assert [one.body for one in answers] == [b"success", b""]


def test_one_address_may_serve_for_the_suite_and_for_a_company():
    both = {**PROVIDER, "corp_id": WECOM["corp_id"], "token": WECOM["token"]}
    for secrets in (WECOM, PROVIDER):
        assert verify(a_wecom_callback(secrets, Event="x"), both) == Verified(0)


def test_half_a_proof_is_refused_by_name():
    settle = wecom.declaration.settle
    with pytest.raises(BadSetting, match=r"secrets\.(corp_id|suite_id)"):
        settle({"token": "t", "encoding_aes_key": "A" * 43}, {})
    with pytest.raises(BadSetting, match=r"secrets\.encoding_aes_key"):
        settle({"token": "t", "corp_id": "ww"}, {})
    with pytest.raises(BadSetting, match="encoding_aes_key"):
        wecom.prepare([{**WECOM, "encoding_aes_key": "short"}], {})


def test_a_new_contact_says_where_it_came_from():
    draft = draft_of(**a_contact("add_external_contact", State="live_7", WelcomeCode="W"))
    assert (draft.type, draft.actor.external_id) == ("contact.added", "wo1")
    assert draft.context == {
        "change": "add_external_contact",
        "employee": "zhangsan",
        "scene": "live_7",
        "welcome_code": "W",
    }


def test_who_removed_whom_is_told():
    employee = draft_of(**a_contact("del_external_contact"))
    customer = draft_of(**a_contact("del_follow_user"))
    assert employee.type == customer.type == "contact.removed"
    assert [one.context["initiator"] for one in (employee, customer)] == ["employee", "customer"]


@pytest.mark.parametrize(
    ("change", "type_"),
    [
        ("add_half_external_contact", "contact.added"),
        ("edit_external_contact", "contact.updated"),
        ("transfer_fail", "contact.transfer_failed"),
        ("msg_audit_approved", "contact.consent_given"),
    ],
)
def test_every_change_of_a_contact_has_its_type(change: str, type_: str):
    assert draft_of(**a_contact(change)).type == type_


def test_members_of_a_group_come_as_a_count_with_the_ids_there_are():
    change = {"Event": "change_external_chat", "ChangeType": "update", "ChatId": "wr1"}
    joined = draft_of(
        **change,
        UpdateDetail="add_member",
        MemChangeCnt=10,
        MemChangeList="<Item>Jack</Item><Item>Rose</Item>",
    )
    assert (joined.type, joined.count, joined.actor) == ("group.member_joined", 10, None)
    assert (joined.context["chat_id"], joined.context["members"]) == ("wr1", ["Jack", "Rose"])
    one = draft_of(**change, UpdateDetail="del_member", MemChangeList="<Item>Jack</Item>")
    assert (one.type, one.count, one.context["members"]) == ("group.member_left", 1, ["Jack"])
    assert isinstance(draft_of(**change, UpdateDetail="change_owner"), Unmapped)


def test_groups_tags_and_the_desk():
    chat = {"Event": "change_external_chat", "ChatId": "wr1"}
    assert draft_of(**chat, ChangeType="create").type == "group.created"
    assert draft_of(**chat, ChangeType="dismiss").type == "group.dismissed"
    tag = draft_of(Event="change_external_tag", ChangeType="create", Id="t1", TagType="tag")
    assert (tag.type, tag.context["tag_id"]) == ("contact.tag_changed", "t1")
    inbox = draft_of(Event="kf_msg_or_event", Token="pull-token", OpenKfId="wk1")
    assert (inbox.type, inbox.context) == ("inbox.changed", {"desk": "wk1"})
    assert draft_of(Event="msgaudit_notify", FromUserName="sys").type == "inbox.changed"
    assert isinstance(draft_of(Event="suite_ticket"), Unmapped)


def test_the_shape_of_a_provider_is_read_alike():
    request = a_wecom_callback(
        PROVIDER,
        SuiteId="wwsuite1",
        AuthCorpId="wwcorp9",
        InfoType="change_external_contact",
        TimeStamp=SECONDS,
        ChangeType="add_external_contact",
        ExternalUserID="wo1",
    )
    (item,) = wecom.split(request, [PROVIDER], {})
    (draft,) = wecom.normalise(item, CONTEXT)
    assert (draft.type, draft.context["corp_id"]) == ("contact.added", "wwcorp9")
    assert draft.occurred_at == NOW


def test_two_applications_told_of_one_act_are_told_once():
    first = item_of(**a_contact("add_external_contact", WelcomeCode="A", AgentID=1))
    again = item_of(**a_contact("add_external_contact", WelcomeCode="B", AgentID=2))
    assert first.dedup_key == again.dedup_key
    assert canonical_digest(first) == canonical_digest(again)


def test_two_events_of_one_second_stay_apart():
    keys = {
        item_of(Event=event, **fields).dedup_key
        for event, fields in (
            ("change_external_tag", {"ChangeType": "create", "Id": "a"}),
            ("change_external_tag", {"ChangeType": "create", "Id": "b"}),
            ("kf_msg_or_event", {"OpenKfId": "a"}),
            ("kf_msg_or_event", {"OpenKfId": "b"}),
            ("click", {"FromUserName": "li", "EventKey": "a"}),
            ("click", {"FromUserName": "li", "EventKey": "b"}),
            ("change_external_tag", {"ChangeType": "shuffle", "AuthCorpId": "ww1"}),
            ("change_external_tag", {"ChangeType": "shuffle", "AuthCorpId": "ww2"}),
        )
    }
    assert len(keys) == 8


def test_a_ciphertext_that_is_none_is_refused_like_any_other_failure():
    request = a_wecom_callback(WECOM, Event="x")
    for body in (b"", b"<xml>", b"{}", b"<xml><Encrypt>AAAA</Encrypt></xml>", b"[]"):
        assert isinstance(verify(msgspec.structs.replace(request, body=body)), Refused)
    assert verify(a_wecom_callback(WECOM, Nothing="x")) == Malformed(400, "schema")


def test_a_callback_encrypted_with_a_retired_key_stays_readable():
    retired = {**WECOM, "encoding_aes_key": "A" * 43}
    request = a_wecom_callback(WECOM, Event="x")
    assert wecom.split(request, [retired, WECOM], {})
    for known in ([retired], []):
        with pytest.raises(Unreadable):
            wecom.split(request, known, {})


def test_a_mini_app_puts_the_signature_inside_and_signs_the_blank():
    message = xml(FromUserName="o-1", MsgType="text", Content="在吗", MsgId="7")
    for request in (
        a_microapp_push(message, blank=" ", as_xml=True),
        a_microapp_push(
            {"FromUserName": "o-1", "MsgType": "text", "Content": "在吗", "MsgId": "7"}
        ),
    ):
        assert verify(request, MICROAPP, adapter=microapp) == Verified(0)
        (item,) = microapp.split(request, [MICROAPP], {})
        (draft,) = microapp.normalise(item, CONTEXT)
        assert (draft.type, draft.text, item.dedup_key) == ("message.received", "在吗", "7")
        other = {**MICROAPP, "app_id": "tt2"}
        assert verify(request, other, adapter=microapp) == Refused("app_id")
        assert verify(request, other, MICROAPP, adapter=microapp) == Verified(1)
    ticket = a_microapp_push({"FromUserName": "ByteDance", "MsgType": "Ticket", "Ticket": "s"})
    (item,) = microapp.split(ticket, [MICROAPP], {})
    assert types_of(microapp.normalise(item, CONTEXT)) == ["unmapped"]
    assert isinstance(verify(a_post(b"{}"), MICROAPP, adapter=microapp), Refused)


@pytest.mark.parametrize("created", [SECONDS, "2026-11-22 17:00:00"])
def test_a_mini_app_writes_seconds_or_the_time_in_beijing(created: str):
    message = {"FromUserName": "o-1", "MsgType": "text", "CreateTime": created}
    (item,) = microapp.split(a_microapp_push(message), [MICROAPP], {})
    later = a_context(platform="douyin", received_at=NOW + timedelta(hours=1))
    assert microapp.normalise(item, later)[0].occurred_at == NOW


@pytest.mark.parametrize(
    ("adapter", "secrets"), [(wecom, WECOM), (wecom, PROVIDER), (microapp, MICROAPP)]
)
def test_the_sample_is_signed_and_counts_nothing(adapter, secrets):
    sample = adapter.sample(secrets, {}, now=NOW, unique="1")
    assert verify(sample, secrets, adapter=adapter) == Verified(0)
    (item,) = adapter.split(sample, [secrets], {})
    assert types_of(adapter.normalise(item, CONTEXT)) == ["unmapped"]
