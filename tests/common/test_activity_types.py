"""The table of what counts, to the letter."""

import pytest
from mediaops_common import activity_types as types


def words(text: str) -> list[str]:
    return text.split()


ACTIVE = words("""view.recorded play.completed like.created favourite.created comment.created
share.created mention.created vote.cast gift.sent follow.created message.received menu.clicked
qrcode.scanned link.clicked profile.visited checkin.made live.entered signup.created lead.submitted
order.paid contact.added group.member_joined group.message track.coupon""")
PASSIVE = words("""follow.removed like.removed favourite.removed comment.removed live.left
order.created order.shipped order.completed order.cancelled order.refunded contact.updated
contact.removed group.created group.member_left message.sent video.published post.publish_failed
account.authorized profile.identified subscription.created location.reported voucher.redeemed
conversation.opened inbox.changed""")
NONE = [
    "metrics.snapshot",
    "unmapped",
    "",
    "like",
    "like.",
    "track.",
    "track",
    "video.",
    "order.x",
    "x.y",
]


@pytest.mark.parametrize("type_", ACTIVE)
def test_what_people_do_themselves_makes_them_active(type_: str):
    assert types.makes_active(type_)
    assert types.is_known_type(type_)


@pytest.mark.parametrize("type_", PASSIVE)
def test_everything_else_in_the_table_does_not(type_: str):
    assert not types.makes_active(type_)
    assert types.is_known_type(type_)


@pytest.mark.parametrize("type_", NONE)
def test_what_is_not_in_the_table_is_no_activity(type_: str):
    assert not types.is_known_type(type_)


def test_engagements_are_seven_and_views_one():
    assert {
        "like.created",
        "favourite.created",
        "comment.created",
        "share.created",
        "mention.created",
        "vote.cast",
        "gift.sent",
    } == types.ENGAGEMENTS
    assert {"view.recorded"} == types.VIEWS


def test_only_follows_change_followers():
    assert types.FOLLOWER_DELTAS == {"follow.created": 1, "follow.removed": -1}
