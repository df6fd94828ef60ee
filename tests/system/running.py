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
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from mediaops_common.keys import open_private_key
from mediaops_common.settings import KeySettings
from standardwebhooks import Webhook

from tests import kafka_broker
from tests.postgres import OWNER, Cluster, lasting_cluster
from tests.system.patience import Patient

MEDIAOPS = Path(sys.executable).parent / "mediaops"


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class System:
    """One data directory; the process over it can be killed and started again."""

    def __init__(self, data: Path, *, port: int | None = None, **environment: str) -> None:
        self.data = data
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {"MEDIAOPS_LOG_FORMAT": "json", **environment}
        self.process: subprocess.Popen[bytes] | None = None
        self.consuming = ("ingest", "crm", "insights")
        """The services that `settle` asks."""
        self.http = self.patient_client()
        self._tokens: dict[tuple[str, str], str] = {}

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

    def wait_for_death(self, seconds: float = 120.0) -> bool:
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
        """The last line that a `mediaops` command prints."""
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

    def token(self, workspace: str = "default", role: str = "owner") -> str:
        if (workspace, role) not in self._tokens:
            made = self.command(
                "token",
                "create",
                "--data",
                str(self.data),
                "--workspace",
                workspace,
                "--role",
                role,
            )
            self._tokens[workspace, role] = made
        return self._tokens[workspace, role]

    def signing_key(self) -> Ed25519PrivateKey:
        """The installation's own, to sign what its command line would not."""
        return open_private_key(KeySettings(), self.data / "keys")

    def close(self) -> None:
        """Ends it for good."""
        self.kill()
        self.http.close()

    def forget_tokens(self) -> None:
        """After a change of the clock the old ones have expired, or are not yet valid."""
        self._tokens.clear()

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        workspace: str = "default",
        role: str = "owner",
        **more: Any,
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token(workspace, role)}"}
        headers |= more.pop("headers", {})
        return self.http.request(method, path, json=body, headers=headers, **more)

    def ask(self, path: str, **more: Any) -> Any:
        """The JSON of a GET that must succeed."""
        answer = self.call("GET", path, **more)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def add_channel(self, workspace: str = "default", **changes: Any) -> str:
        body = {
            "platform": "site",
            "external_id": uuid4().hex,
            "name": "Site",
            "owner_kind": "organisation",
        } | changes
        answer = self.call("POST", "/ingest/v1/channels", body, workspace=workspace)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def add_source(self, channel: str, workspace: str = "default", **changes: Any) -> Any:
        body = {"channel_id": channel, "adapter": "standard-webhooks"} | changes
        answer = self.call("POST", "/ingest/v1/sources", body, workspace=workspace)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def settle(self, seconds: float = 1_200.0) -> None:
        """Waits until nothing is pending or in flight anywhere and nothing is missing."""
        deadline = time.monotonic() + seconds
        quiet = 0
        lags: list[Any] = []
        while time.monotonic() < deadline:
            try:
                lags = [
                    self.ask(f"/{s}/v1/admin/lag", workspace="*", role="operator")
                    for s in self.consuming
                ]
            except (AssertionError, httpx.HTTPError) as error:
                lags, quiet = [error], 0  # what it asks may be on its way back
                time.sleep(0.5)
                continue
            waiting = sum(lag["in_flight"] + lag["pending"] + lag["stalls"] for lag in lags)
            quiet = quiet + 1 if waiting == 0 else 0
            if quiet == 3:
                return
            time.sleep(0.1)
        raise AssertionError(f"still waiting: {lags}")

    def audit(self) -> Any:
        """What `mediaops audit` compares."""
        operator = {"workspace": "*", "role": "operator"}
        reports = [self.ask(f"/{s}/v1/admin/audit", **operator) for s in ("crm", "insights")]
        groups = [group for report in reports for group in report["groups"]]
        answer = self.call("POST", "/ingest/v1/admin/audit", {"groups": groups}, **operator)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def events(self, workspace: str = "default", **filters: str) -> list[Any]:
        """The whole archive of a workspace."""
        items: list[Any] = []
        after: dict[str, str] = {}
        while True:
            page = self.ask(
                "/ingest/v1/events",
                workspace=workspace,
                params={"limit": "1000", **filters, **after},
            )
            items += page["items"]
            if page["next"] is None:
                return items
            after = {"after": page["next"]}


SERVICES = ("ingest", "content", "crm", "insights")
TURNS = count(1)


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
