"""The other platforms of China, as the normaliser meets them: what proved a request at the door is
not read again, and so is not made here."""

import json
from typing import Any
from urllib.parse import quote_plus

from mediaops_ingest.platforms.port import Request
from mediaops_ingest.platforms.wechat_crypto import WeChatCipher

from mediaops_bench.senders.sender import Sender, Telling, as_json, request
from mediaops_bench.senders.signed import AES_KEY, KEY, xml

__all__ = ["CHINESE"]

WECOM = {"token": "t", "encoding_aes_key": AES_KEY, "corp_id": "wwbench"}
MICROAPP = {"token": "t", "encoding_aes_key": AES_KEY, "app_id": "ttbench"}
WECOM_CIPHER = WeChatCipher(AES_KEY, WECOM["corp_id"])
MICROAPP_CIPHER = WeChatCipher(AES_KEY, MICROAPP["app_id"], random_bytes=32)
TEXT = "这个真不错，已经推荐给朋友了"


def _pushed(telling: Telling, told: Any) -> Request:
    return request(telling, as_json(told))


def _beijing(telling: Telling) -> str:
    return telling.moment.strftime("%Y-%m-%d %H:%M:%S")


def bilibili(telling: Telling) -> Request:
    content = {"openid": telling.person, "resource_id": telling.id}
    told = {"event": "video_open", "timestamp": _beijing(telling), "content": content}
    return _pushed(telling, told)


def doudian(telling: Telling) -> Request:
    order = {
        "p_id": telling.id,
        "s_ids": [telling.id],
        "shop_id": 1,
        "pay_time": telling.seconds,
        "pay_amount": 1990,
    }
    return _pushed(telling, [{"tag": "110", "msg_id": telling.id, "data": json.dumps(order)}])


def douyin_live(telling: Telling) -> Request:
    comment = {
        "msg_id": telling.id,
        "sec_openid": telling.person,
        "nickname": "小王",
        "avatar_url": "https://p3.example/avatar.jpeg",
        "content": TEXT,
        "timestamp": telling.seconds * 1000,
    }
    headers = ((b"x-msg-type", b"live_comment"), (b"x-roomid", telling.content.encode()))
    return request(telling, as_json([comment]), *headers)


def douyin_microapp(telling: Telling) -> Request:
    message = {
        "FromUserName": telling.person,
        "ToUserName": "tt",
        "MsgType": "text",
        "Content": TEXT,
        "MsgId": telling.id,
        "CreateTime": telling.seconds,
    }
    sealed = MICROAPP_CIPHER.encrypt(as_json(message), telling.id.encode().ljust(32)[:32])
    envelope = {"Nonce": "n", "TimeStamp": str(telling.seconds), "Encrypt": sealed}
    return _pushed(telling, {**envelope, "MsgSignature": "0" * 40})


def kuaishou(telling: Telling) -> Request:
    told = {
        "app_id": "KS1",
        "event": "AUTHORIZE",
        "timestamp": telling.seconds * 1000,
        "message_id": telling.id,
        "data": {"open_id": telling.person, "scope": ["user_info"]},
    }
    return _pushed(telling, told)


def qq(telling: Telling) -> Request:
    message = {
        "id": telling.id,
        "author": {"user_openid": telling.person},
        "content": TEXT,
        "timestamp": telling.time,
    }
    return _pushed(telling, {"op": 0, "id": telling.id, "t": "C2C_MESSAGE_CREATE", "d": message})


def wecom(telling: Telling) -> Request:
    message = xml(
        ToUserName="wwbench",
        FromUserName="sys",
        CreateTime=telling.seconds,
        MsgType="event",
        Event="change_external_contact",
        ChangeType="add_external_contact",
        UserID="employee",
        ExternalUserID=f"{telling.person}-{telling.id}",
        State="counter",
    )
    sealed = WECOM_CIPHER.encrypt(message, telling.id.encode().ljust(16)[-16:])
    body = xml(ToUserName="wwbench", AgentID="1000002", Encrypt=sealed)
    return request(telling, body, media=b"text/xml")


def weibo(telling: Telling) -> Request:
    told = {
        "type": "text",
        "receiver_id": 1,
        # Its key is the sender and the second: each is somebody else.
        "sender_id": f"{telling.person}-{telling.id}",
        "created_at": telling.moment.strftime("%a %b %d %H:%M:%S +0000 %Y"),
        "text": TEXT,
        "data": {},
    }
    return _pushed(telling, told)


def xiaohongshu_leads(telling: Telling) -> Request:
    answers = [{"label": "姓名", "value": "林"}, {"label": "城市", "value": "杭州"}]
    lead = {
        "leads_id": telling.id,
        "submitted_time": _beijing(telling),
        "campaign_name": "秋季拉新",
        "data": answers,
    }
    return _pushed(telling, {"data": lead, "timestamp": telling.seconds * 1000})


def youzan(telling: Telling) -> Request:
    order = {"order_info": {"tid": telling.id, "pay_time": _beijing(telling)}}
    message = {"full_order_info": {**order, "pay_info": {"payment": "19.90"}}}
    told = {
        "client_id": "yz",
        "id": telling.id,
        "kdt_id": 1,
        "msg": quote_plus(json.dumps(message)),
        "msg_id": telling.id,
        "send_count": 0,
        "status": "TRADE_PAID",
        "test": False,
        "type": "trade_TradePaid",
        "version": telling.seconds,
    }
    return _pushed(telling, told)


CHINESE = {
    sender.adapter: sender
    for sender in (
        Sender("bilibili", bilibili),
        Sender("doudian", doudian, {"app_key": KEY, "app_secret": KEY}),
        Sender("douyin-live", douyin_live, {"secret": KEY}),
        Sender("douyin-microapp", douyin_microapp, MICROAPP),
        Sender("kuaishou", kuaishou, {"app_secret": KEY}),
        Sender("qq-bot", qq, {"app_secret": KEY}),
        Sender("wecom", wecom, WECOM),
        Sender("weibo", weibo, {"app_secret": KEY}),
        Sender("xiaohongshu-leads", xiaohongshu_leads, {"token": KEY}),
        Sender("youzan", youzan, {"client_id": KEY, "client_secret": KEY}),
    )
}
