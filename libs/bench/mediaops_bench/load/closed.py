"""A closed loop: every connection sends its next request when it has the answer to its last."""

from collections import Counter
from collections.abc import Sequence
from time import perf_counter
from typing import Any

from mediaops_bench.figures import percentile
from mediaops_bench.load.sockets import ConnectionPool

__all__ = ["drive_closed"]

DRAIN_SECONDS = 5.0


def drive_closed(
    port: int, requests: Sequence[bytes], *, connections: int, seconds: float, most: int
) -> dict[str, Any]:
    """Sends for so long, but no more than `most` requests; the list is begun again at its end."""
    pool = ConnectionPool(port)
    statuses: Counter[int] = Counter()
    latencies: list[float] = []
    sent = 0
    for connection in [pool.open() for _ in range(connections)]:
        connection.send(requests[sent % len(requests)])
        sent += 1
    begun = perf_counter()
    deadline, latest = begun + seconds, begun
    waiting = connections
    while waiting and latest < deadline + DRAIN_SECONDS:
        answered = pool.answered(0.5)
        latest = perf_counter()
        for connection, status in answered:
            statuses[status] += 1
            latencies.append(latest - connection.since)
            if latest < deadline and sent < most:
                connection.send(requests[sent % len(requests)])
                sent += 1
            else:
                waiting -= 1
    pool.close()
    return {
        "seconds": latest - begun,
        "statuses": {str(status): number for status, number in statuses.items()},
        "p50_ms": 1000 * percentile(latencies, 0.5),
        "p99_ms": 1000 * percentile(latencies, 0.99),
    }
