"""Prometheus metrics: process-wide, told apart by the label `service`."""

from prometheus_client import REGISTRY, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector, CollectorRegistry

__all__ = [
    "CONTENT_TYPE",
    "REGISTRY",
    "Collector",
    "Counter",
    "CounterMetricFamily",
    "Gauge",
    "Histogram",
    "HistogramMetricFamily",
    "Metric",
    "count_request",
    "render",
]

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

REQUESTS = Counter(
    "mediaops_http_requests_total",
    "Requests answered, by route template and status.",
    ["service", "method", "route", "status"],
)
SECONDS = Histogram(
    "mediaops_http_request_seconds",
    "Time until the answer was complete.",
    ["service", "method", "route"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


def count_request(service: str, method: str, route: str, status: int, seconds: float) -> None:
    """Counts one answered request. `route` is a template, never a path with ids."""
    # A caller may invent methods; labels must stay few.
    method = method if method in METHODS else "other"
    REQUESTS.labels(service, method, route, str(status)).inc()
    SECONDS.labels(service, method, route).observe(seconds)


class _OfService(Collector):
    """The samples of one service, and those that name no service."""

    def __init__(self, service: str) -> None:
        self.service = service

    def collect(self) -> list[Metric]:
        kept = []
        for metric in REGISTRY.collect():
            chosen = Metric(metric.name, metric.documentation, metric.type, metric.unit)
            chosen.samples = [
                sample
                for sample in metric.samples
                if sample.labels.get("service", self.service) == self.service
            ]
            kept.append(chosen)
        return kept


def render(service: str) -> bytes:
    """The text that Prometheus reads from `/SERVICE/metrics`."""
    registry = CollectorRegistry()
    registry.register(_OfService(service))
    return generate_latest(registry)
