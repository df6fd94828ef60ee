"""The service as a whole: its migrations and what it declares."""

from pathlib import Path

from mediaops_common.db import open_database
from mediaops_common.migrations import drift
from mediaops_insights.main import INSIGHTS

from tests.insights.running import RunningInsights


async def test_the_migrations_make_what_the_models_say(tmp_path: Path) -> None:
    database = open_database(
        f"sqlite:///{tmp_path}/insights.db", name="insights", metadata=INSIGHTS.metadata
    )
    assert await drift(database, INSIGHTS.versions, INSIGHTS.metadata) == []
    await database.close()


def test_every_rebuilt_table_has_its_generation_first() -> None:
    rebuilt = {"audience_actor", "audience_bitmap", "snapshot_fact", "rollup_day", "money_day"}
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
