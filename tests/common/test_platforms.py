"""How far ids reach and how late news may come, by platform."""

from datetime import timedelta
from uuid import UUID

from mediaops_common.platforms import id_scope, lateness

CHANNEL = UUID(int=5)


def test_an_unknown_slug_behaves_as_generic():
    for platform in ("generic", "some-forum"):
        assert id_scope(platform, CHANNEL) == str(CHANNEL)
        assert lateness(platform) == timedelta(hours=24)


def test_ids_of_a_platform_or_app_need_no_channel():
    assert id_scope("site", CHANNEL) == ""
    assert id_scope("douyin", CHANNEL) == ""
    assert id_scope("douyin", CHANNEL, "app-1") == "app-1"


def test_an_official_account_has_ids_of_its_own():
    assert id_scope("wechat-oa", CHANNEL, "wx1") == str(CHANNEL)


def test_platforms_that_repeat_for_longer_stay_provisional_for_longer():
    assert lateness("tiktok") == timedelta(hours=72)
    assert lateness("whatsapp") == timedelta(days=7)
    assert lateness("douyin") == lateness("wechat-oa") == timedelta(hours=24)
