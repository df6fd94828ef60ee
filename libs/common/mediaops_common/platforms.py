"""What is known of each platform: how late its news may come, and how far its ids reach."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from uuid import UUID

__all__ = ["PLATFORMS", "IdScope", "Platform", "id_scope", "lateness"]


class IdScope(Enum):
    """How far a platform's person ids reach."""

    platform = "platform"
    """One person has one id on the whole platform."""
    app = "app"
    """One id per app and person. Such ids are random and never meet those of another app, so they
    are told apart without a scope. The scope is the app only where the *channel* names one; an app
    named by a delivery alone is never used, because `POST /activities` has none and the same
    person would become two."""
    channel = "channel"
    """One id per account and person, or ids of which nothing is known."""


@dataclass(frozen=True, slots=True)
class Platform:
    """`lateness` is how long after a day's end its activities may still arrive as a matter of
    course. What comes later still counts, on its day, as a correction of a final number."""

    id_scope: IdScope
    lateness: timedelta = timedelta(hours=24)


_GENERIC = Platform(IdScope.channel)

PLATFORMS: dict[str, Platform] = {
    # Nothing is known of these ids: "1001" of one partner is not "1001" of the next.
    "generic": _GENERIC,
    # The company's own accounts, one id for a person on all its pages and mini programs. Sites
    # with unrelated accounts are channels of `generic` or of a slug of their own.
    "site": Platform(IdScope.platform),
    # Three repeats within minutes; an open_id belongs to an app.
    "douyin": Platform(IdScope.app),
    "kuaishou": Platform(IdScope.app),
    "bilibili": Platform(IdScope.app),
    # Three repeats after 5 s each; an openid belongs to an account.
    "wechat-oa": Platform(IdScope.channel),
    "wecom": Platform(IdScope.channel),
    "qq": Platform(IdScope.channel),
    "xiaohongshu": Platform(IdScope.platform),
    "weibo": Platform(IdScope.platform),
    # Repeats with a growing pause for up to 72 h.
    "tiktok": Platform(IdScope.app, timedelta(hours=72)),
    "youtube": Platform(IdScope.platform),
    "x": Platform(IdScope.platform),
    # Repeats for 36 h; ids are scoped to the page.
    "facebook": Platform(IdScope.channel, timedelta(hours=36)),
    "instagram": Platform(IdScope.channel, timedelta(hours=36)),
    # Repeats for up to seven days; the id is the telephone number.
    "whatsapp": Platform(IdScope.platform, timedelta(days=7)),
    "telegram": Platform(IdScope.platform),
    "discord": Platform(IdScope.platform),
    # One id per provider, a provider has several accounts.
    "line": Platform(IdScope.app),
    "github": Platform(IdScope.platform),
}
"""Sources: the platforms' own pages. A slug that is not here behaves as `generic`."""


def lateness(platform: str) -> timedelta:
    """How long after its end a day of this platform stays provisional."""
    return PLATFORMS.get(platform, _GENERIC).lateness


def id_scope(platform: str, channel_id: UUID, app_id: str | None = None) -> str:
    """The `id_scope` of an actor of this channel; `app_id` is the channel's app, if it names one.

    Empty where ids need no scope.
    """
    scope = PLATFORMS.get(platform, _GENERIC).id_scope
    if scope is IdScope.channel:
        return str(channel_id)
    if scope is IdScope.app:
        return app_id or ""
    return ""
