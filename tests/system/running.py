"""A real `mediaops up` as a child process, spoken to over HTTP as its users do."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from mediaops_common.keys import open_private_key
from mediaops_common.settings import KeySettings
from standardwebhooks import Webhook

from tests import kafka_broker
from tests.postgres import OWNER, Cluster, lasting_cluster
from tests.system.patience import Patient
from tests.system.surface import Surface

MEDIAOPS = Path(sys.executable).parent / "mediaops"
SERVICES = ("ingest", "content", "crm", "insights")
TURNS = count(1)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class System(Surface):
    """One data directory; the process over it can be killed and started again."""

    def __init__(self, data: Path, *, port: int | None = None, **environment: str) -> None:
        super().__init__(data)
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {"MEDIAOPS_LOG_FORMAT": "json", **environment}
        self.process: subprocess.Popen[bytes] | None = None
        self.http = self.patient_client()

    def transport(self) -> httpx.BaseTransport:
        """The way to whichever process answers for a path."""
        return httpx.HTTPTransport()

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, transport=self.transport(), **options)

    def patient_client(self) -> httpx.Client:
        patient = Patient(self.transport())
        return httpx.Client(base_url=self.url, transport=patient, timeout=60)

    def async_client(self, **options: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, **options)

    def start(self, *, wait: float = 300.0, **environment: str) -> None:
        """Starts the process and waits until every service is live."""
        command = ["up", "--data", str(self.data), "--port", str(self.port)]
        self._start(command, SERVICES, wait, environment)

    def start_one(self, service: str, *, wait: float = 300.0, **environment: str) -> None:
        """Starts one service, as its environment says, and waits until it is live."""
        self._start(["serve", service], [service], wait, environment)

    def _start(
        self,
        command: Sequence[str],
        services: Sequence[str],
        wait: float,
        environment: dict[str, str],
    ) -> None:
        self.log = (self.data.parent / f"{self.data.name}.log").open("ab")
        self.process = subprocess.Popen(
            [MEDIAOPS, *command],
            env={**os.environ, **self.environment, **environment},
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )
        deadline = time.monotonic() + wait
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}:\n{self.output()}")
            with contextlib.suppress(httpx.HTTPError):
                live = [self.http.get(f"/{s}/health/live").status_code for s in services]
                if set(live) == {200}:
                    return
            time.sleep(0.05)
        raise AssertionError(f"did not start within {wait} s:\n{self.output()}")

    def output(self) -> str:
        return (self.data.parent / f"{self.data.name}.log").read_text(errors="replace")[-5_000:]

    def kill(self) -> None:
        """`kill -9` of the process and whatever it started."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.log.close()
            self.process = None

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self.log.close()
        self.process = None
        return code

    def wait_for_death(self, seconds: float = 240.0) -> bool:
        """Whether the process died by itself (at a failpoint) within that time."""
        assert self.process is not None
        try:
            self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        self.log.close()
        self.process = None
        return True

    def command(self, *arguments: str) -> str:
        return self.printed(*arguments).strip().splitlines()[-1]

    def printed(self, *arguments: str) -> str:
        """All that a `mediaops` command prints."""
        done = subprocess.run(
            [MEDIAOPS, *arguments],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def signing_key(self) -> Ed25519PrivateKey:
        """The installation's own, to sign what its command line would not."""
        return open_private_key(KeySettings(), self.data / "keys")

    def close(self) -> None:
        """Ends it for good."""
        self.kill()
        self.http.close()


def new_databases(cluster: Cluster | None = None) -> dict[str, str]:
    """What says that a system is on PostgreSQL: a new database for each service, and its roles."""
    cluster, turn = cluster or lasting_cluster(), next(TURNS)
    for name in SERVICES:
        asyncio.run(cluster.create(f"{name}_{turn}"))
    return {
        "MEDIAOPS_DATABASE_URL": cluster.url(f"{{service}}_{turn}"),
        "MEDIAOPS_DATABASE_OWNER_URL": cluster.url(f"{{service}}_{turn}", OWNER),
    }


def new_system(folder: Path, runtime: str = "embedded", **environment: str) -> System:
    """One that is not started yet; with TEST_RUNTIME=compose it is what compose.yaml says, behind
    its gateway."""
    if os.environ.get("TEST_RUNTIME") == "compose":
        from tests.rehearsal.system import RehearsedSystem

        return RehearsedSystem(folder, **environment)
    return System(folder / "data", **{**engines(runtime), **environment})


def engines(runtime: str) -> dict[str, str]:
    """The environment of a new system: `embedded` keeps all in its data directory, `distributed`
    has a PostgreSQL and a Kafka, both of this process."""
    if runtime == "embedded":
        return {}
    topics = f"{kafka_broker.lasting_broker().url}?prefix=system{next(TURNS)}."
    return {**new_databases(), "MEDIAOPS_BUS_URL": topics}


@contextmanager
def a_system(folder: Path, runtime: str = "embedded", **environment: str) -> Iterator[System]:
    """A started system; whatever runs of it is killed at the end."""
    system = new_system(folder, runtime, **environment)
    try:
        system.start()
        yield system
    finally:
        system.close()


def signed(
    secret: str, message_id: str, body: str, moment: datetime | None = None
) -> dict[str, str]:
    """Headers of a Standard Webhook, made by the reference library."""
    moment = moment or datetime.now(UTC)
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, moment, body),
    }


def event_body(type_: str, actor: str, moment: datetime, **data: Any) -> str:
    stamp = moment.isoformat().replace("+00:00", "Z")
    return json.dumps(
        {"type": type_, "timestamp": stamp, "data": {"actor": {"external_id": actor}, **data}}
    )
