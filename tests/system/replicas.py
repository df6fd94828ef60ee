"""The whole system in processes of its own, on PostgreSQL and Kafka: each service as api and
worker, in any number of replicas, spoken to as through a gateway."""

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from mediaops_common.keys import make_keys
from mediaops_common.settings import KeySettings

from tests.kafka_broker import Broker
from tests.postgres import Cluster
from tests.system.running import MEDIAOPS, SERVICES, System, free_port, new_databases

__all__ = ["Process", "Replicas", "a_broker", "a_cluster", "replicated", "until"]

NO_KEEPING = httpx.Limits(max_keepalive_connections=0)
"""A connection to a replica that was killed meanwhile would fail the next request."""


def until(condition: Callable[[], object], seconds: float = 600.0) -> None:
    """Returns when it holds; what it asks may be on its way back."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(httpx.HTTPError):
            if condition():
                return
        assert time.monotonic() < deadline
        time.sleep(0.1)


@dataclass
class Process:
    """One replica of one service."""

    service: str
    role: str
    environment: dict[str, str]
    log: Path
    port: int = field(default_factory=free_port)
    running: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, **environment: str) -> None:
        """Starts it; `wait` says when it is live."""
        with self.log.open("ab") as output:
            self.running = subprocess.Popen(
                [MEDIAOPS, "serve", self.service, "--role", self.role],
                env=os.environ
                | self.environment
                | {"MEDIAOPS_HTTP_PORT": str(self.port)}
                | environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait(self, seconds: float = 600.0) -> None:
        assert self.running is not None
        deadline = time.monotonic() + seconds
        while not self.is_live():
            if self.running.poll() is not None:
                raise AssertionError(f"ended with {self.running.returncode}:\n{self.output()}")
            assert time.monotonic() < deadline, f"did not start:\n{self.output()}"
            time.sleep(0.1)

    def is_live(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/{self.service}/health/live").status_code == 200
        return False

    def ready(self) -> httpx.Response:
        return httpx.get(f"{self.url}/{self.service}/health/ready", timeout=60)

    def metric(self, name: str, **labels: str) -> dict[str, float]:
        """Its samples of that name which bear the labels, as the metrics write them."""
        with httpx.Client(base_url=self.url, timeout=30) as client:
            lines = client.get(f"/{self.service}/metrics").text.splitlines()
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        samples = (line.rpartition(" ") for line in lines if re.match(rf"{name}[ {{]", line))
        return {
            sample: float(value)
            for sample, _, value in samples
            if all(one in sample for one in wanted)
        }

    def is_answering(self, seconds: float) -> bool:
        """Whether it says within so many seconds that it is live."""
        with contextlib.suppress(httpx.HTTPError):
            url = f"{self.url}/{self.service}/health/live"
            return httpx.get(url, timeout=seconds).status_code == 200
        return False

    def said(self, event: str, since: int = 0) -> list[dict[str, Any]]:
        """The lines of its log with this event, from that byte on."""
        found = []
        with self.log.open("rb") as file:
            file.seek(since)
            for line in file:
                with contextlib.suppress(ValueError):
                    row = json.loads(line)
                    if row.get("event") == event:
                        found.append(row)
        return found

    def signal(self, number: int) -> None:
        assert self.running is not None
        os.killpg(self.running.pid, number)

    def kill(self) -> None:
        if self.running is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.running.pid, signal.SIGKILL)
            self.running.wait()
            self.running = None

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        assert self.running is not None
        self.running.send_signal(signal.SIGTERM)
        code = self.running.wait(timeout=300)
        self.running = None
        return code

    def output(self) -> str:
        return self.log.read_text(errors="replace")[-4_000:]


class Replicas(System):
    """One installation: a set of keys, a database for each service, a bus."""

    def __init__(self, folder: Path, bus_url: str, cluster: Cluster, **environment: str) -> None:
        super().__init__(folder / "data", **environment)
        self.url = "http://gateway"
        self.environment |= {
            **new_databases(cluster),
            "MEDIAOPS_DATA": str(self.data),
            "MEDIAOPS_BUS_URL": bus_url,
            "MEDIAOPS_PUBLIC_URL": self.url,
        }
        make_keys(KeySettings(), self.data / "keys")
        self.processes: list[Process] = []
        self._numbers = count(1)
        self.http.close()
        self.http = self.patient_client()

    def add(self, service: str, role: str, replicas: int = 1, **environment: str) -> list[Process]:
        """Starts more replicas of a service; `wait` returns when all are live."""
        added = []
        for _ in range(replicas):
            log = self.data.parent / f"{service}-{role}-{next(self._numbers)}.log"
            added.append(Process(service, role, self.environment, log))
            added[-1].start(**environment)
        self.processes += added
        return added

    def wait(self) -> None:
        for process in self.processes:
            process.wait()

    def database(self, service: str) -> str:
        """The name of its database."""
        url = self.environment["MEDIAOPS_DATABASE_URL"]
        return url.rpartition("/")[2].replace("{service}", service)

    def of(self, service: str, role: str) -> list[Process]:
        """Its replicas that were not taken away."""
        known = list(self.processes)  # at once: senders ask while one is taken away
        return [p for p in known if (p.service, p.role) == (service, role)]

    def take_away(self, process: Process, *, kill: bool = False) -> int:
        """Ends a replica for good; returns its exit code. The gateway learns of it by what it
        meets: until the end it sends requests there."""
        try:
            if kill:
                process.kill()
                return -signal.SIGKILL
            return process.stop()
        finally:
            self.processes.remove(process)

    def transport(self) -> httpx.BaseTransport:
        return _Gateway(self)

    def async_client(self, **options: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, transport=_AsyncGateway(self), **options)

    def routed(self, request: httpx.Request) -> Iterator[httpx.Request]:
        """The request as the service's api replicas get it, one after the other."""
        service = request.url.path.split("/")[1]
        running = [p for p in self.of(service, "api") if p.running is not None]
        turn = next(self._numbers)
        for place in range(len(running)):
            port = running[(turn + place) % len(running)].port
            request.url = request.url.copy_with(host="127.0.0.1", port=port)
            yield request

    def kill(self) -> None:
        for process in self.processes:
            process.kill()

    def output(self) -> str:
        return "\n".join(f"{p.log.name}: {p.output()[-1500:]}" for p in self.processes)


class _Gateway(httpx.BaseTransport):
    """Takes the next replica where one refuses the connection, as a proxy would."""

    def __init__(self, system: Replicas) -> None:
        self._system = system
        self._inner = httpx.HTTPTransport(limits=NO_KEEPING)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        for routed in self._system.routed(request):
            with contextlib.suppress(httpx.ConnectError):
                return self._inner.handle_request(routed)
        raise httpx.ConnectError("no replica runs", request=request)

    def close(self) -> None:
        self._inner.close()


class _AsyncGateway(httpx.AsyncBaseTransport):
    def __init__(self, system: Replicas) -> None:
        self._system = system
        self._inner = httpx.AsyncHTTPTransport(limits=NO_KEEPING)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for routed in self._system.routed(request):
            with contextlib.suppress(httpx.ConnectError):
                return await self._inner.handle_async_request(routed)
        raise httpx.ConnectError("no replica runs", request=request)

    async def aclose(self) -> None:
        await self._inner.aclose()


@contextmanager
def a_cluster(disk: Path | None = None) -> Iterator[Cluster]:
    """A PostgreSQL server of the test's own, which it may kill."""
    cluster = Cluster(disk)
    try:
        yield cluster
    finally:
        cluster.remove()


@contextmanager
def a_broker(folder: Path, disk: Path | None = None) -> Iterator[Broker]:
    broker = Broker(folder / "kafka", disk=disk)
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


@contextmanager
def replicated(
    folder: Path,
    broker_url: str,
    cluster: Cluster,
    *,
    apis: int = 1,
    workers: int = 1,
    services: Sequence[str] = SERVICES,
    **environment: str,
) -> Iterator[Replicas]:
    """A started installation; whatever runs of it is killed at the end."""
    system = Replicas(folder, broker_url, cluster, **environment)
    system.consuming = tuple(name for name in system.consuming if name in services)
    try:
        for service in services:
            system.add(service, "api", apis)
        system.wait()  # the first to come makes the tables
        for service in services:
            system.add(service, "worker", workers)
        system.wait()
        yield system
    finally:
        system.kill()
        system.http.close()
