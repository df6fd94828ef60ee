"""An open loop: requests leave by the clock, whether the server keeps up or not.

Latency counts from the moment at which a request was due, so that a stall is seen in all that it
held up.
"""

from collections import Counter, deque
from collections.abc import Sequence
from time import perf_counter, time
from typing import Any

from mediaops_bench.figures import percentile
from mediaops_bench.load.sockets import Connection, ConnectionPool

__all__ = ["drive_opened"]

MOST_CONNECTIONS = 256
DRAIN_SECONDS = 30.0


def drive_opened(port: int, requests: Sequence[bytes], *, rate: float) -> dict[str, Any]:
    """Sends each request once, `rate` a second."""
    pool = ConnectionPool(port)
    idle: deque[Connection] = deque()
    statuses: Counter[int] = Counter()
    latencies: list[float] = []
    sent = 0
    begun, begun_at = perf_counter(), time()
    due = begun
    late = 0.0
    while len(latencies) < len(requests):
        now = perf_counter()
        while sent < len(requests) and due <= now:
            if not idle and len(pool.connections) >= MOST_CONNECTIONS:
                break
            connection = idle.popleft() if idle else pool.open()
            connection.send(requests[sent], due)
            late = max(late, perf_counter() - due)
            sent += 1
            due = begun + sent / rate
        if sent == len(requests) and now > due + DRAIN_SECONDS:
            break
        wait = min(0.5, max(0.0, due - perf_counter())) if sent < len(requests) else 0.5
        for connection, status in pool.answered(wait):
            statuses[status] += 1
            latencies.append(perf_counter() - connection.since)
            idle.append(connection)
    ended = perf_counter()
    pool.close()
    return {
        "seconds": ended - begun,
        "begun_at": begun_at,
        "statuses": {str(status): number for status, number in statuses.items()},
        "p50_ms": 1000 * percentile(latencies, 0.5),
        "p99_ms": 1000 * percentile(latencies, 0.99),
        "max_ms": 1000 * max(latencies, default=0.0),
        "connections": len(pool.connections),
        "latest_start_ms": 1000 * late,
    }
