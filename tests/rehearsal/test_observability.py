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
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase
from ruamel.yaml import YAML

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
