"""The adapters there are, by name."""

from collections.abc import Mapping

from mediaops_ingest.platforms.api import Api
from mediaops_ingest.platforms.cloudevents import CloudEvents
from mediaops_ingest.platforms.douyin_open import DouyinOpen
from mediaops_ingest.platforms.kuaishou import Kuaishou
from mediaops_ingest.platforms.port import Adapter
from mediaops_ingest.platforms.standard_webhooks import StandardWebhooks
from mediaops_ingest.platforms.wechat_oa import WeChatOfficialAccount
from mediaops_ingest.platforms.xiaohongshu_leads import XiaohongshuLeads

__all__ = ["ADAPTERS", "API", "attachable"]

API = "api"

_ALL: tuple[Adapter, ...] = (
    Api(),
    CloudEvents(),
    DouyinOpen(),
    Kuaishou(),
    StandardWebhooks(),
    WeChatOfficialAccount(),
    XiaohongshuLeads(),
)

ADAPTERS: Mapping[str, Adapter] = {adapter.declaration.name: adapter for adapter in _ALL}


def attachable() -> list[Adapter]:
    """Those that a source may be made with, in the order of their names."""
    found = [adapter for adapter in ADAPTERS.values() if not adapter.declaration.is_implicit]
    return sorted(found, key=lambda adapter: adapter.declaration.name)
