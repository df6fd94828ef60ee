"""The adapters there are, by name."""

from collections.abc import Mapping

from mediaops_ingest.platforms.api import Api
from mediaops_ingest.platforms.bilibili import Bilibili
from mediaops_ingest.platforms.cloudevents import CloudEvents
from mediaops_ingest.platforms.discord import Discord
from mediaops_ingest.platforms.doudian import Doudian
from mediaops_ingest.platforms.douyin_live import DouyinLive
from mediaops_ingest.platforms.douyin_microapp import DouyinMicroapp
from mediaops_ingest.platforms.douyin_open import DouyinOpen
from mediaops_ingest.platforms.generic import Generic
from mediaops_ingest.platforms.github import GitHub
from mediaops_ingest.platforms.kuaishou import Kuaishou
from mediaops_ingest.platforms.line import Line
from mediaops_ingest.platforms.matomo import Matomo
from mediaops_ingest.platforms.meta_graph import MetaGraph
from mediaops_ingest.platforms.port import Adapter
from mediaops_ingest.platforms.qq_bot import QqBot
from mediaops_ingest.platforms.segment_rudder import SegmentRudder
from mediaops_ingest.platforms.shopify import Shopify
from mediaops_ingest.platforms.snowplow import Snowplow
from mediaops_ingest.platforms.standard_webhooks import StandardWebhooks
from mediaops_ingest.platforms.stripe_style import StripeStyle
from mediaops_ingest.platforms.svix import Svix
from mediaops_ingest.platforms.telegram import Telegram
from mediaops_ingest.platforms.tiktok import TikTok
from mediaops_ingest.platforms.wechat_oa import WeChatOfficialAccount
from mediaops_ingest.platforms.wecom import WeCom
from mediaops_ingest.platforms.weibo import Weibo
from mediaops_ingest.platforms.x_activity import XActivity
from mediaops_ingest.platforms.xiaohongshu_leads import XiaohongshuLeads
from mediaops_ingest.platforms.xiaohongshu_miniapp import XiaohongshuMiniapp
from mediaops_ingest.platforms.youtube_websub import YouTubeWebSub
from mediaops_ingest.platforms.youzan import Youzan

__all__ = ["ADAPTERS", "API", "attachable"]

API = "api"

_ALL: tuple[Adapter, ...] = (
    Api(),
    Bilibili(),
    CloudEvents(),
    Discord(),
    Doudian(),
    DouyinLive(),
    DouyinMicroapp(),
    DouyinOpen(),
    Generic(),
    GitHub(),
    Kuaishou(),
    Line(),
    Matomo(),
    MetaGraph(),
    QqBot(),
    SegmentRudder(),
    Shopify(),
    Snowplow(),
    StandardWebhooks(),
    StripeStyle(),
    Svix(),
    Telegram(),
    TikTok(),
    WeChatOfficialAccount(),
    WeCom(),
    Weibo(),
    XActivity(),
    XiaohongshuLeads(),
    XiaohongshuMiniapp(),
    YouTubeWebSub(),
    Youzan(),
)

ADAPTERS: Mapping[str, Adapter] = {adapter.declaration.name: adapter for adapter in _ALL}


def attachable() -> list[Adapter]:
    """Those that a source may be made with, in the order of their names."""
    found = [adapter for adapter in ADAPTERS.values() if not adapter.declaration.is_implicit]
    return sorted(found, key=lambda adapter: adapter.declaration.name)
