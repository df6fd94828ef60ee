"""Every metric, declared once: what it is called, what it means, where it comes from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mediaops_common.activity_types import ENGAGEMENTS, FOLLOWER_DELTAS, VIEWS

from mediaops_insights.metrics.measures import (
    Actors,
    Amount,
    Freshness,
    Increase,
    Measure,
    Ratio,
    Received,
    ReportedLevel,
    Residual,
    Tallied,
)

__all__ = ["CATALOGUE", "DIMENSIONS", "GRANULARITIES", "Metric"]

DIMENSIONS = ("channel", "content", "type", "region", "platform", "owner_kind", "currency")
GRANULARITIES = ("minute", "hour", "day", "week", "month")

_OF_CHANNELS = ("channel", "platform", "owner_kind")
_OF_ACTIVITIES = ("channel", "content", "type", "region", "platform", "owner_kind")
_DAYS = ("day", "week", "month")


@dataclass(frozen=True)
class Metric:
    """A named, versioned formula."""

    name: str
    name_zh: str
    unit: str
    """count, people, ratio, minor_units or seconds."""
    formula: str
    measure: Measure
    dimensions: tuple[str, ...]
    granularities: tuple[str, ...]
    sources: tuple[str, ...]
    """The events it is made of."""
    pushed_by: tuple[str, ...] = ()
    """Platforms whose own webhooks bring it."""
    version: int = 1
    """Rises when the formula changes, so that two numbers of one name can be told apart."""
    note: str | None = field(default=None, compare=False)

    @property
    def availability(self) -> dict[str, str]:
        """Platform → how it comes; `*` is every platform that is not named."""
        if self.sources == ("snapshots",):
            return {"*": "reported"}
        if not self.sources[0].startswith("activities"):
            return {"*": "computed"}
        return {"*": "sent", **dict.fromkeys(self.pushed_by, "pushed")}


def _tally(
    name: str,
    name_zh: str,
    formula: str,
    weights: Mapping[str, int] | Iterable[str] | None,
    *,
    of_n: bool = False,
    pushed_by: tuple[str, ...] = (),
) -> Metric:
    if weights is not None and not isinstance(weights, Mapping):
        weights = dict.fromkeys(sorted(weights), 1)
    return Metric(
        name=name,
        name_zh=name_zh,
        unit="count",
        formula=formula,
        measure=Tallied("n" if of_n else "total", weights),
        dimensions=_OF_ACTIVITIES,
        granularities=GRANULARITIES,
        sources=("activities",) if weights is None else ("activities", *sorted(weights)),
        pushed_by=pushed_by,
    )


def _ratio(name: str, name_zh: str, numerator: str, denominator: str, note: str) -> Metric:
    above, below = _BASIC[numerator], _BASIC[denominator]
    return Metric(
        name=name,
        name_zh=name_zh,
        unit="ratio",
        formula=f"{numerator} / {denominator}",
        measure=Ratio(numerator, denominator),
        dimensions=tuple(d for d in above.dimensions if d in below.dimensions and d != "type"),
        granularities=tuple(g for g in above.granularities if g in below.granularities),
        sources=(*above.sources, *(s for s in below.sources if s not in above.sources)),
        note=note,
    )


_DOUYIN, _WECHAT = "douyin", "wechat-oa"

_LISTED = [
    _tally("activities", "活动数", "activities that stand, one each whatever their count", None,
           of_n=True, pushed_by=(_DOUYIN, _WECHAT)),
    _tally("views", "播放/阅读数", "sum of count over view.recorded", VIEWS),
    _tally("engagements", "互动数", "sum of count over likes, favourites, comments, shares, "
           "mentions, votes and gifts; gross: removals subtract nothing", ENGAGEMENTS,
           pushed_by=(_DOUYIN,)),
    _tally("likes", "点赞数", "sum of count over like.created", ["like.created"],
           pushed_by=(_DOUYIN,)),
    _tally("likes_removed", "取消点赞数", "sum of count over like.removed", ["like.removed"],
           pushed_by=(_DOUYIN,)),
    _tally("comments", "评论数", "sum of count over comment.created", ["comment.created"],
           pushed_by=(_DOUYIN,)),
    _tally("comments_removed", "删除评论数", "sum of count over comment.removed",
           ["comment.removed"]),
    _tally("shares", "分享数", "sum of count over share.created", ["share.created"]),
    _tally("favourites", "收藏数", "sum of count over favourite.created", ["favourite.created"]),
    _tally("favourites_removed", "取消收藏数", "sum of count over favourite.removed",
           ["favourite.removed"]),
    _tally("mentions", "提及数", "sum of count over mention.created", ["mention.created"]),
    _tally("votes", "投票数", "sum of count over vote.cast", ["vote.cast"]),
    _tally("gifts", "送礼数", "sum of count over gift.sent", ["gift.sent"]),
    _tally("plays_completed", "完播数", "sum of count over play.completed", ["play.completed"]),
    _tally("messages", "私信数", "sum of count over message.received", ["message.received"],
           pushed_by=(_DOUYIN, _WECHAT)),
    _tally("follows", "新增关注", "activities follow.created, one each", ["follow.created"],
           of_n=True, pushed_by=(_DOUYIN, _WECHAT)),
    _tally("unfollows", "取消关注", "activities follow.removed, one each", ["follow.removed"],
           of_n=True, pushed_by=(_DOUYIN, _WECHAT)),
    _tally("followers_net", "净增关注", "follows - unfollows", FOLLOWER_DELTAS,
           of_n=True, pushed_by=(_DOUYIN, _WECHAT)),
    _tally("orders_paid", "支付订单数", "activities order.paid, one each", ["order.paid"],
           of_n=True, pushed_by=(_WECHAT,)),
    Metric(
        name="revenue", name_zh="收入", unit="minor_units",
        formula="sum of value.amount_minor over order.paid, by currency",
        measure=Amount(frozenset({"order.paid"})),
        dimensions=(*_OF_ACTIVITIES, "currency"),
        granularities=("hour", *_DAYS),
        sources=("activities", "order.paid"), pushed_by=(_WECHAT,),
        note="Currencies are never added: with several, each has a row of its own.",
    ),
    Metric(
        name="active_actors", name_zh="活跃账号数", unit="people",
        formula="distinct actors with an activity that makes active in the period",
        measure=Actors(), dimensions=_OF_CHANNELS, granularities=_DAYS, sources=("activities",),
        pushed_by=(_DOUYIN, _WECHAT),
        note="Actors, not people: crm knows who is the same person.",
    ),
    Metric(
        name="views_reported", name_zh="平台播放/阅读数", unit="count",
        formula="increase of the platform's counter `views` in the period: its daily reports, else "
        "the difference of the last readings (a counter begins at 0); a channel's own counter goes "
        "before the sum of its contents",
        measure=Increase(frozenset({"views"})),
        dimensions=("channel", "content", "platform", "owner_kind"), granularities=_DAYS,
        sources=("snapshots",),
        note="Never added to `views`.",
    ),
    Metric(
        name="followers_reported", name_zh="平台粉丝数", unit="count",
        formula="the channels' last reading of `followers` up to the end of the period, summed",
        measure=ReportedLevel(frozenset({"followers"})),
        dimensions=_OF_CHANNELS, granularities=_DAYS, sources=("snapshots",),
    ),
    Metric(
        name="followers_residual", name_zh="粉丝对账残差", unit="count",
        formula="(followers_reported at the end of the period - at the end of the day before it) - "
        "followers_net, over the channels that were read on both days; null without one",
        measure=Residual(frozenset({"followers"}), FOLLOWER_DELTAS),
        dimensions=_OF_CHANNELS, granularities=_DAYS,
        sources=("activities", *sorted(FOLLOWER_DELTAS), "snapshots"),
        note="0 when the day is final and nothing was lost. The last reading of a day counts for "
        "its end: take it then.",
    ),
    Metric(
        name="deliveries", name_zh="投递数", unit="count",
        formula="inbound requests and chunks by day received",
        measure=Received("deliveries"), dimensions=_OF_CHANNELS, granularities=_DAYS,
        sources=("quality",),
    ),
    Metric(
        name="duplicates", name_zh="重复数", unit="count",
        formula="items that were there already, by day received",
        measure=Received("duplicates"), dimensions=_OF_CHANNELS, granularities=_DAYS,
        sources=("quality",),
    ),
    Metric(
        name="freshness_seconds", name_zh="数据新鲜度", unit="seconds",
        formula="min(now, end of the period) - newest received_at until then; null before the "
        "first receipt and in the future",
        measure=Freshness(), dimensions=_OF_CHANNELS, granularities=_DAYS, sources=("quality",),
    ),
]  # fmt: skip

_BASIC = {metric.name: metric for metric in _LISTED}

_RATIOS = [
    _ratio("engagement_rate_by_views", "互动率(按播放)", "engagements", "views",
           "Pooled: sums over the period are divided, not averages of days taken."),
    _ratio("engagement_rate_by_followers", "互动率(按粉丝)", "engagements", "followers_reported",
           "Followers as the platform reports them at the end of the period."),
    _ratio("play_completion_rate", "完播率", "plays_completed", "views",
           "Complete plays per play."),
    _ratio("like_rate", "点赞率", "likes", "views", "Likes per play."),
    _ratio("share_rate", "转发率", "shares", "views", "Shares per play."),
    _ratio("views_completeness", "播放数据完整率", "views", "views_reported",
           "Of what the platform reports, what came as activities."),
]  # fmt: skip

CATALOGUE: dict[str, Metric] = {metric.name: metric for metric in (*_LISTED, *_RATIOS)}
"""By name, in the order in which they are shown."""
