"""The catalogue says what each metric is, and every one of them can be asked for."""

import httpx
from mediaops_common.events import REGISTRY
from mediaops_insights.metrics.catalogue import CATALOGUE, DIMENSIONS, GRANULARITIES

from tests.insights.running import get

ASKED_FOR = {
    "activities", "views", "views_reported", "engagements", "engagement_rate_by_views",
    "engagement_rate_by_followers", "likes", "comments", "shares", "favourites", "follows",
    "unfollows", "followers_net", "followers_reported", "active_actors", "play_completion_rate",
    "revenue", "deliveries", "duplicates", "freshness_seconds",
}  # fmt: skip


async def test_every_metric_is_declared_in_full(acme: httpx.AsyncClient) -> None:
    items = (await get(acme, "/metrics"))["items"]
    assert {item["name"] for item in items} >= ASKED_FOR
    for item in items:
        assert item["name"].isidentifier()
        assert item["name"] == item["name"].lower()
        assert any("\u4e00" <= letter <= "\u9fff" for letter in item["name_zh"])
        assert item["formula"]
        assert item["version"] >= 1
        assert item["sources"]
        assert "*" in item["availability"]
        assert set(item["dimensions"]) <= set(DIMENSIONS)
        assert set(item["granularities"]) <= set(GRANULARITIES)


async def test_every_metric_can_be_asked_by_each_of_its_dimensions(
    acme: httpx.AsyncClient,
) -> None:
    for granularity in GRANULARITIES:
        groups = DIMENSIONS if granularity in ("day", "hour") else ()
        for dimension in (None, *groups):
            names = [
                metric.name
                for metric in CATALOGUE.values()
                if granularity in metric.granularities
                and (dimension is None or dimension in metric.dimensions)
            ]
            if not names:
                continue
            found = await get(
                acme,
                "/metrics/query",
                metric=names,
                granularity=granularity,
                group_by=dimension,
                from_="2026-11-22",
                to="2026-11-22",
            )
            assert all(item["value"] in (0, None) for item in found["items"])
            if dimension is None:
                assert {item["metric"] for item in found["items"]} == set(names)


def test_views_and_views_reported_are_of_different_sources() -> None:
    assert CATALOGUE["views"].sources == ("activities", "view.recorded")
    assert CATALOGUE["views_reported"].sources == ("snapshots",)
    assert "mediaops.snapshot.recorded.v1" in REGISTRY
