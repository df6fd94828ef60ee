"""Every panel and every alert asks for metrics that the services export, by their labels."""

import json
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

import promql_parser
import pytest
from mediaops_ingest.door.replies import FAILED, OVERLOADED
from mediaops_insights.main import INSIGHTS
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase
from ruamel.yaml import YAML
from starlette.responses import StreamingResponse

from tests.rehearsal.composed import ROOT

DEPLOY = ROOT / "deploy"
PACKAGES = ("common", "ingest", "content", "crm", "insights")
SCRAPED = {"job", "instance", "role"}
"""Labels that Prometheus adds to what it reads."""
SUFFIXES = {
    "counter": {"_total": set(), "_created": set()},
    "gauge": {"": set()},
    "histogram": {"_bucket": {"le"}, "_sum": set(), "_count": set(), "_created": set()},
}


@cache
def exported() -> dict[str, set[str]]:
    """Series → its labels: of every metric that a module of ours declares, and of the process."""
    for package in PACKAGES:
        module = import_module(f"mediaops_{package}")
        for found in pkgutil.walk_packages(module.__path__, f"{module.__name__}."):
            if not re.search(r"migrations|alembic_environment|__main__", found.name):
                import_module(found.name)
    series: dict[str, set[str]] = {"up": set()}
    for collector in REGISTRY._collector_to_names:
        if isinstance(collector, MetricWrapperBase):
            for suffix, more in SUFFIXES[collector._type].items():
                series[collector._name + suffix] = set(collector._labelnames) | more
            continue
        for told in collector.collect():
            for suffix in SUFFIXES[told.type].keys() - {"_created"}:
                labels = set(told._labelnames) | SUFFIXES[told.type][suffix]
                series[told.name + suffix] = labels
    return series


def panels() -> Iterator[tuple[str, str]]:
    for path in sorted((DEPLOY / "grafana/dashboards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel["targets"]:
                yield f"{path.stem}: {panel['title']} {target['refId']}", target["expr"]


def rules() -> list[dict[str, Any]]:
    groups = YAML(typ="safe").load(DEPLOY / "prometheus/alerts.yml")["groups"]
    return [rule for group in groups for rule in group["rules"]]


QUERIES = dict(panels()) | {rule["alert"]: rule["expr"] for rule in rules()}


SHOWN = {
    f"{panel['title']} ({path.stem})": (panel["description"], target["expr"])
    for path in sorted((DEPLOY / "grafana/dashboards").glob("*.json"))
    for panel in json.loads(path.read_text())["panels"]
    for target in panel["targets"]
    if "description" in panel
}
TOLD = SHOWN | {rule["alert"]: (rule["annotations"]["summary"], rule["expr"]) for rule in rules()}
"""Name → what is said beside a query, and the query."""


def selectors(node: Any) -> Iterator[tuple[str, set[str]]]:
    """(series, labels asked for) of everything that an expression selects, with the labels by which
    what is around it groups."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node.name, {matcher.name for matcher in node.matchers.matchers}
        return
    if isinstance(node, promql_parser.MatrixSelector):
        yield from selectors(node.vector_selector)
        return
    labels: set[str] = set()
    if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
        labels = set(node.modifier.labels)
    below = [getattr(node, name, None) for name in ("expr", "lhs", "rhs", "param")]
    for child in [*below, *getattr(node, "args", [])]:
        if child is not None:
            for series, asked in selectors(child):
                yield series, asked | labels


def faults(query: str) -> list[str]:
    known = exported()
    found = []
    for series, labels in selectors(promql_parser.parse(query)):
        if series not in known:
            found.append(f"nothing exports {series}")
        elif unknown := labels - known[series] - SCRAPED:
            found.append(f"{series} has no label {', '.join(sorted(unknown))}")
    return found


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_finds_what_is_exported(name: str) -> None:
    assert list(selectors(promql_parser.parse(QUERIES[name])))
    assert faults(QUERIES[name]) == []


def test_a_query_that_finds_nothing_is_found() -> None:
    assert faults("rate(mediaops_nothing_total[1m])") == ["nothing exports mediaops_nothing_total"]
    wrong = 'sum by (colour) (rate(mediaops_items_total{taste="sweet"}[1m])) > 0'
    assert faults(wrong) == ["mediaops_items_total has no label colour, taste"]


def asked(query: str, series: str) -> list[str]:
    """What stands in braces wherever a query selects the series."""
    return re.findall(rf"\b{series}(?:\{{([^}}]*)\}})?[ \[]", query)


def test_what_is_compared_with_all_items_counts_each_once() -> None:
    """`unmapped` is told beside the one outcome that such an item has."""
    queries = [rule["expr"] for rule in rules()]
    found = [labels for query in queries for labels in asked(query, "mediaops_items_total")]
    assert found
    assert [labels for labels in found if not re.search(r'outcome(=~?|!=)"', labels)] == []
    assert [labels for labels in found if re.search(r'outcome=~?"[^"]*unmapped', labels)] == []


def test_what_is_said_of_a_verdict_names_the_status_that_was_answered() -> None:
    answers = {"overload": OVERLOADED.status, "failed": FAILED.status}
    for name, (text, query) in TOLD.items():
        for labels in asked(query, "mediaops_door_requests_total"):
            chosen = re.search(r'verdict=~?"([^"]*)"', labels)
            verdicts = set(chosen[1].split("|")) if chosen else set(re.findall(r"`(\w+)`", text))
            wanted = {str(answers[verdict]) for verdict in verdicts & answers.keys()}
            assert set(re.findall(r"\b[45]\d\d\b", text)) == wanted, name


def test_no_stream_is_among_the_slow_routes() -> None:
    """A stream is observed when it ends: it took as long as somebody looked."""
    routes = [route for router in INSIGHTS.routers for route in router.routes]
    (streamed,) = (r.path for r in routes if r.response_class is StreamingResponse)
    found = [x for q in QUERIES.values() for x in asked(q, "mediaops_http_request_seconds_bucket")]
    assert found
    assert [labels for labels in found if f'route!="{streamed}"' not in labels] == []


def test_every_metric_of_ours_is_on_a_panel() -> None:
    ours = {name for name in exported() if name.startswith("mediaops_")}
    families = {re.sub(r"_(total|created|bucket|sum|count)$", "", name) for name in ours}
    shown = " ".join(query for _, query in panels())
    assert sorted(family for family in families if family not in shown) == []


def test_every_alert_says_what_happened_and_where_it_is_written_what_to_do() -> None:
    for rule in rules():
        guide, _, anchor = rule["annotations"]["guide"].partition("#")
        text = (ROOT / guide).read_text()
        headings = {
            re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-")
            for h in re.findall(r"^#+ (.+)$", text, re.M)
        }
        assert not anchor or anchor in headings, rule["alert"]
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in {"page", "ticket"}


def test_every_replica_of_every_service_is_scraped_and_every_panel_has_its_source() -> None:
    scraped = YAML(typ="safe").load(DEPLOY / "prometheus/prometheus.yml")["scrape_configs"]
    services = YAML(typ="safe").load(ROOT / "compose.yaml")["services"]
    roles = {name for name in services if name.endswith(("-api", "-worker"))}
    names = {n for job in scraped for found in job["dns_sd_configs"] for n in found["names"]}
    assert names == roles
    for job in scraped:
        assert job["metrics_path"] == f"/{job['job_name']}/metrics"
    sources = YAML(typ="safe").load(DEPLOY / "grafana/provisioning/datasources/prometheus.yml")
    dashboard = json.loads((DEPLOY / "grafana/dashboards/mediaops.json").read_text())
    uids = {panel["datasource"]["uid"] for panel in dashboard["panels"]}
    assert uids == {source["uid"] for source in sources["datasources"]}
