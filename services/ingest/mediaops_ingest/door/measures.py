"""What the door counts: verdicts by adapter, seconds, and what waits behind it."""

from functools import lru_cache

from mediaops_common.metrics import Counter, Gauge, Histogram

__all__ = ["BACKLOG", "SECONDS", "count"]

REQUESTS = Counter(
    "mediaops_door_requests_total",
    "Requests at the door, by adapter, verdict and reason.",
    ["service", "adapter", "verdict", "reason"],
)
SECONDS = Histogram(
    "mediaops_door_seconds",
    "Time from a request's headers to its answer.",
    ["service"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2.5),
).labels("ingest")
BACKLOG = Gauge(
    "mediaops_delivery_backlog",
    "Deliveries that are kept and wait for the normaliser.",
    ["service"],
).labels("ingest")


@lru_cache(maxsize=4096)
def _counter(adapter: str, verdict: str, reason: str) -> Counter:
    return REQUESTS.labels("ingest", adapter, verdict, reason)


def count(adapter: str, verdict: str, reason: str = "") -> None:
    """`reason` is a word of the code's own, never something a sender wrote."""
    _counter(adapter, verdict, reason).inc()
