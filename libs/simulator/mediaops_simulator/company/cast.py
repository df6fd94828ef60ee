"""The six accounts of the company."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["ACCOUNTS", "SHOP", "Account", "account"]


@dataclass(frozen=True, slots=True)
class Account:
    """One account on a platform, with what is peculiar to it."""

    key: str
    platform: str
    adapter: str
    external_id: str
    name: str
    owner_kind: Literal["organisation", "individual"]
    newcomers: float
    """New people on an ordinary day at scale 1."""
    is_encrypted: bool = False
    has_hit: bool = False
    """Its video of the middle of the story becomes a hit."""
    goes_quiet: bool = False
    """Nothing happens on it for a while."""
    app_id: str = "wx5d0c1ab93e7f2a84"


ACCOUNTS = (
    Account(
        "kitchen",
        "douyin",
        "douyin-open",
        "_000shanyechufang",
        "山野厨房",
        "organisation",
        newcomers=21,
        has_hit=True,
    ),
    Account("fields", "douyin", "douyin-open", "_000shanyerichang", "山野日常", "organisation", 10),
    Account("ahe", "douyin", "douyin-open", "_000aheinthehills", "阿禾在山里", "individual", 12),
    Account(
        "service",
        "wechat-oa",
        "wechat-oa",
        "gh_5a1e30c9f7d2",
        "山野厨房服务号",
        "organisation",
        newcomers=14,
        is_encrypted=True,
    ),
    Account(
        "notes",
        "wechat-oa",
        "wechat-oa",
        "gh_c40b77d81e95",
        "阿禾手记",
        "individual",
        newcomers=6,
        goes_quiet=True,
    ),
    Account("shop", "site", "standard-webhooks", "shop.shanye", "山野集市", "organisation", 78),
)

SHOP = ACCOUNTS[-1]


def account(key: str) -> Account:
    """The account of that key."""
    return next(each for each in ACCOUNTS if each.key == key)
