"""The simulated platforms sign as the real ones do: checked by libraries of third parties."""

import base64
import hashlib
import json
from dataclasses import replace
from random import Random

import pytest
from mediaops_simulator.company.acts import Act
from mediaops_simulator.company.cast import account
from mediaops_simulator.wire.douyin import douyin_body, sign_douyin
from mediaops_simulator.wire.requests import Credentials
from mediaops_simulator.wire.shop import shop_body
from mediaops_simulator.wire.standard import sign_standard
from mediaops_simulator.wire.wechat import sign_wechat, wechat_body

NOW = 1_760_000_000
AES_KEY = "simulatedEncodingAESKeyA1B2c3D4e5F6g7H8i9J0"
APP_ID = "wx5d0c1ab93e7f2a84"
MISSING = "A platform's own library was left out: install requirements-dev.txt"
FOLLOW = Act("service", "follow.created", NOW - 9, f"o1:{NOW - 9}:subscribe", "o1")


def test_a_standard_webhook_is_accepted_by_the_public_library(monkeypatch: pytest.MonkeyPatch):
    standardwebhooks = pytest.importorskip("standardwebhooks", reason=MISSING)
    import time

    secret = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    body = shop_body([Act("shop", "view.recorded", NOW, "e1", "u1", content="7", region="CN-ZJ")])
    request = sign_standard(secret, "msg_e1", int(time.time()), body)
    assert standardwebhooks.Webhook(secret).verify(request.body, request.headers) == json.loads(
        body
    )


def test_the_shop_tells_with_each_order_the_one_before():
    order = Act("shop", "order.paid", NOW, "e1", "u1", amount=900, detail="o1")
    acts = [order, Act("shop", "view.recorded", NOW, "e2"), replace(order, key="e3", detail="o2")]
    rows = json.loads(shop_body(acts))["data"]
    assert [(row.get("order"), row.get("before")) for row in rows] == [
        ("o1", "o1"),
        (None, None),
        ("o2", "o1"),
    ]


def test_a_douyin_message_is_signed_over_secret_and_body():
    act = Act("kitchen", "like.created", NOW, "m1", "open1", content="7301")
    request = sign_douyin("secret", "m1", douyin_body(act, account("kitchen")))
    expected = hashlib.new("sha1", b"secret" + request.body).hexdigest()
    assert request.headers["X-Douyin-Signature"] == expected
    assert request.headers["Msg-Id"] == "m1"
    event = json.loads(request.body)
    assert (event["event"], event["from_user_id"]) == ("new_video_digg", "open1")
    assert json.loads(event["content"])["item_id"] == "7301"


def test_wechat_in_the_open_is_accepted_by_wechatpy():
    utils = pytest.importorskip("wechatpy.utils", reason=MISSING)
    message = wechat_body(FOLLOW, account("notes"))
    request = sign_wechat(Credentials("token"), Random(1), NOW, message)
    utils.check_signature(
        "token", *(request.params[k] for k in ("signature", "timestamp", "nonce"))
    )


def test_encrypted_wechat_is_opened_by_wechatpy_and_differs_at_every_attempt():
    crypto = pytest.importorskip("wechatpy.crypto", reason=MISSING)
    message = wechat_body(FOLLOW, account("service"))
    credentials = Credentials("token", AES_KEY, APP_ID)
    bodies = set()
    for attempt in (1, 2):
        request = sign_wechat(credentials, Random(attempt), NOW, message)
        opened = crypto.WeChatCrypto("token", AES_KEY, APP_ID).decrypt_message(
            request.body.decode(),
            *(request.params[k] for k in ("msg_signature", "timestamp", "nonce")),
        )
        assert opened == message
        bodies.add(request.body)
    assert len(bodies) == 2
