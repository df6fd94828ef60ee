"""The service as a whole: what it declares."""

from mediaops_insights.main import INSIGHTS

from tests.insights.running import RunningInsights


def test_every_rebuilt_table_has_its_generation_first() -> None:
    rebuilt = {"audience_actor", "audience_bitmap", "rollup_day", "money_day"}
    rebuilt |= {"snapshot_fact", "snapshot_covered"}
    for name in rebuilt:
        assert next(iter(INSIGHTS.metadata.tables[name].primary_key)).name == "generation"


async def test_every_route_has_a_description(insights: RunningInsights) -> None:
    client = insights.client()
    answer = await client.get("/insights/openapi.json")
    paths = answer.json()["paths"]
    ours = {path for path in paths if path.startswith("/insights/v1/") and "admin" not in path}
    assert ours >= {
        "/insights/v1/metrics",
        "/insights/v1/metrics/query",
        "/insights/v1/metrics/explain",
        "/insights/v1/contents/performance",
        "/insights/v1/overview",
        "/insights/v1/stream",
    }
    for path in ours - {"/insights/v1/me"}:
        for operation in paths[path].values():
            assert operation["description"]
