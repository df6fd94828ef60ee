"""What the door counts: verdicts by adapter, seconds, and what waits behind it."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

from mediaops_common.metrics import (
    REGISTRY,
    Collector,
    CounterMetricFamily,
    Gauge,
    HistogramMetricFamily,
    Metric,
)

__all__ = ["BACKLOG", "count", "observe"]

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2.5)
BACKLOG = Gauge(
    "mediaops_delivery_backlog",
    "Deliveries that are kept and wait for the normaliser.",
    ["service"],
).labels("ingest")


class _Tally(Collector):
    """Plain sums of the one event loop at whose door they are made; the client library's own take
    a lock each time."""

    def __init__(self) -> None:
        self.requests: dict[tuple[str, str, str], int] = {}
        self.within = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "mediaops_door_requests",
            "Requests at the door, by adapter, verdict and reason.",
            labels=["service", "adapter", "verdict", "reason"],
        )
        for labels, number in list(self.requests.items()):
            requests.add_metric(["ingest", *labels], number)
        yield requests
        seconds = HistogramMetricFamily(
            "mediaops_door_seconds",
            "Time from a request's headers to its answer.",
            labels=["service"],
        )
        bounds = [*(str(float(bound)) for bound in BOUNDS), "+Inf"]
        buckets = list(zip(bounds, accumulate(self.within), strict=True))
        seconds.add_metric(["ingest"], buckets, self.seconds)
        yield seconds


_tally = _Tally()
REGISTRY.register(_tally)


def count(adapter: str, verdict: str, reason: str = "") -> None:
    """`reason` is a word of the code's own, never something a sender wrote."""
    labels = (adapter, verdict, reason)
    _tally.requests[labels] = _tally.requests.get(labels, 0) + 1


def observe(seconds: float) -> None:
    """Counts the time that one request took."""
    _tally.within[bisect_left(BOUNDS, seconds)] += 1
    _tally.seconds += seconds
