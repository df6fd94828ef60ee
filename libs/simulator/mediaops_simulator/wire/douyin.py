"""Douyin open platform: one event a request, SHA-1 over secret and body."""

import hashlib
import json
from typing import Any

from mediaops_simulator.company.acts import Act
from mediaops_simulator.company.cast import Account
from mediaops_simulator.wire.requests import Request

__all__ = ["douyin_body", "sign_douyin"]

_CLIENT_KEY = "aw5simulatedapp01"


def sign_douyin(secret: str, message_id: str, body: bytes) -> Request:
    """The request that carries `body` as the message `message_id`."""
    signature = hashlib.sha1(secret.encode() + body).hexdigest()  # the platform's scheme
    return Request(
        body,
        {
            "content-type": "application/json",
            "X-Douyin-Signature": signature,
            "Msg-Id": message_id,
        },
    )


def douyin_body(act: Act, account: Account) -> bytes:
    """The event as the platform writes it: `content` is an object in some, JSON text in others."""
    event, content, is_text = _event(act)
    written = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return json.dumps(
        {
            "event": event,
            "client_key": _CLIENT_KEY,
            "from_user_id": act.person or "",
            "to_user_id": account.external_id,
            "content": written if is_text else content,
        },
        ensure_ascii=False,
    ).encode()


def _event(act: Act) -> tuple[str, dict[str, Any], bool]:
    match act.type:
        case "follow.created" | "follow.removed":
            action = 1 if act.type == "follow.created" else 2
            return "new_follow_action", {"action_type": action, "action_time": act.at}, True
        case "like.created":
            liked = {"action_type": 1, "action_time": act.at, "item_id": act.content}
            return "new_video_digg", liked, True
        case "comment.created":
            return "item_comment_reply", _comment(act), False
        case "message.received":
            return "im_receive_msg", _message(act), False
        case "order.paid":
            return "life_trade_order_notify", _order(act), True
        case _:
            return "brand_new_capability", {"key": act.key}, False


def _comment(act: Act) -> dict[str, Any]:
    return {
        "comment_id": f"@c{act.key}",
        "comment_user_id": act.person,
        "content": act.text,
        "create_time": act.at,
        "digg_count": 0,
        "reply_comment_total": 0,
        "reply_to_comment_id": "",
        "reply_to_item_id": act.content or "",
        "at_user_id": "",
    }


def _message(act: Act) -> dict[str, Any]:
    return {
        "conversation_short_id": f"@s{act.person}",
        "server_message_id": f"@m{act.key}",
        "conversation_type": 1,
        "create_time": act.at * 1000,
        "message_type": "text",
        "text": act.text,
    }


def _order(act: Act) -> dict[str, Any]:
    return {
        "action": "pay_success",
        "msg_time": act.at,
        "order": {
            "order_id": act.detail,
            "pay_amount": act.amount,
            "original_amount": act.amount,
            "account_id": "7100000000000000001",
            "create_time": act.at - 40,
            "pay_time": act.at,
        },
    }
