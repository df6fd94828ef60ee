"""From what is to be sent to the signed request, scheme by scheme."""

from dataclasses import replace
from random import Random

from mediaops_simulator.company.cast import account
from mediaops_simulator.plan.sendings import Sending
from mediaops_simulator.wire.douyin import douyin_body, sign_douyin
from mediaops_simulator.wire.requests import Credentials, Request
from mediaops_simulator.wire.shop import shop_body
from mediaops_simulator.wire.standard import sign_standard
from mediaops_simulator.wire.wechat import sign_wechat, wechat_body

__all__ = ["render"]

_WRONG = "whsec_bm90IHRoZSBzZWNyZXQgb2YgYW55Ym9keSBhdCBhbGw="


def render(sending: Sending, credentials: Credentials, now: int, *, retry: int = 0) -> Request:
    """The request for the hook, signed at `now`; each attempt and retry has its own randomness."""
    if sending.is_forged:
        credentials = replace(credentials, secret=_WRONG)
    sender = account(sending.account)
    if sender.platform == "site":
        return sign_standard(credentials.secret, sending.key, now, shop_body(sending.acts))
    (act,) = sending.acts
    if sender.platform == "douyin":
        return sign_douyin(credentials.secret, sending.key, douyin_body(act, sender))
    rng = Random(f"{sending.key}:{sending.attempt}:{retry}")
    return sign_wechat(credentials, rng, now, wechat_body(act, sender))
