"""Organisation and individual accounts (新媒体 / 自媒体): what follows from the difference."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["OWNER_KINDS", "OwnerKind"]


@dataclass(frozen=True, slots=True)
class OwnerKind:
    """What follows from who owns a channel."""

    approval_steps: int
    """Approvals before something may be published."""
    persona_required: bool
    """Whether the channel must speak with the voice of a persona (人格化)."""
    kpis: tuple[str, ...]
    """The metrics it is judged by, by their names in insights."""
    revenue_types: tuple[str, ...]
    """The kinds of income that are expected of it."""


OWNER_KINDS: Mapping[str, OwnerKind] = {
    # The company speaks: two pairs of eyes, and the aim is its image and what it sells.
    "organisation": OwnerKind(
        approval_steps=2,
        persona_required=False,
        kpis=("views", "engagement_rate_by_views", "followers_net", "orders_paid", "revenue"),
        revenue_types=("ad_slot", "info_fee", "commerce_commission", "subscription", "refund"),
    ),
    # A person speaks: one approval, a voice that stays the same, and people who come back for it.
    "individual": OwnerKind(
        approval_steps=1,
        persona_required=True,
        kpis=("followers_net", "engagements", "comments", "messages", "gifts"),
        revenue_types=(
            "platform_share",
            "tip",
            "sponsorship",
            "commerce_commission",
            "subscription",
            "refund",
        ),
    ),
}
"""By the value of a channel's `owner_kind`."""
