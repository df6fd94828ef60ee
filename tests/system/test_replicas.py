"""Replicas of a role share its work: what one is told the others know, what one held they take."""

import json
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests import kafka_broker, postgres
from tests.faults.driver import Driver
from tests.faults.proof import prove
from tests.ledger import Ledger
from tests.system.replicas import Process, Replicas, a_broker, a_cluster, replicated, until
from tests.system.running import event_body, signed

pytestmark = [
    pytest.mark.timeout(3_600),
    pytest.mark.skipif(not kafka_broker.can_run(), reason=kafka_broker.MISSING),
    pytest.mark.skipif(postgres.binaries() is None, reason=postgres.MISSING),
]

NUMBERED = ("ingest", "crm", "insights")
SHARDS = 64


def held_shards(worker: Process) -> int:
    """What the worker's metrics say."""
    with httpx.Client(base_url=worker.url, timeout=30) as client:
        text = client.get("/ingest/metrics").text
    (line,) = (x for x in text.splitlines() if x.startswith("mediaops_held_shards "))
    return int(float(line.split()[1]))


@pytest.mark.nightly
def test_shards_and_partitions_move_when_workers_come_go_and_die(tmp_path) -> None:
    with (
        a_broker(tmp_path) as broker,
        a_cluster() as cluster,
        replicated(tmp_path, broker.url, cluster, services=NUMBERED) as system,
    ):
        driver = Driver(system, Ledger(tmp_path / "ledger.jsonl"), seed=5, pause=0.05)
        driver.set_up()
        driver.start()
        (first,) = system.of("ingest", "worker")
        until(lambda: held_shards(first) == SHARDS)
        (second,) = system.add("ingest", "worker")
        (other,) = system.add("crm", "worker")
        system.wait()
        until(lambda: held_shards(first) == held_shards(second) == SHARDS // 2)
        system.take_away(other, kill=True)
        assert system.take_away(first) == 0
        until(lambda: held_shards(second) == SHARDS)
        driver.stop()
        prove(system, Ledger(tmp_path / "ledger.jsonl"))


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> Iterator[Replicas]:
    """Two api replicas of ingest and of insights."""
    folder: Path = tmp_path_factory.mktemp("pair")
    with (
        a_broker(folder) as broker,
        a_cluster() as cluster,
        replicated(folder, broker.url, cluster, apis=2, services=("ingest", "insights")) as system,
    ):
        body = {"slug": "one", "name": "One", "timezone": "Asia/Shanghai"}
        answer = system.call("POST", "/ingest/v1/workspaces", body, workspace="*", role="operator")
        assert answer.status_code == 201, answer.text
        yield system


def send(replica: Process, source: dict, secret: str, message: str) -> int:
    """The answer of this one replica to a webhook, which comes again while it is put off."""
    body = event_body("comment.created", "reader", datetime.now(UTC))
    path = httpx.URL(source["hook_url"]).path
    headers = signed(secret, message, body)
    while True:
        answer = httpx.post(replica.url + path, content=body, headers=headers, timeout=60)
        if answer.status_code != 503:
            return answer.status_code
        time.sleep(int(answer.headers["Retry-After"]))


@pytest.mark.nightly
def test_a_source_that_one_replica_makes_changes_or_ends_is_so_on_the_other(pair) -> None:
    here, there = pair.of("ingest", "api")
    bearer = {"Authorization": f"Bearer {pair.token('one')}"}
    with httpx.Client(base_url=here.url + "/ingest/v1", headers=bearer, timeout=30) as client:
        channel = {"platform": "site", "external_id": "a", "name": "A", "owner_kind": "individual"}
        channel_id = client.post("/channels", json=channel).json()["id"]
        wanted = {"channel_id": channel_id, "adapter": "standard-webhooks"}
        source = client.post("/sources", json=wanted).json()
        secret = source["secrets"]["secret"]
        assert send(here, source, secret, "m1") == 202, "at once where it was made"
        until(lambda: send(there, source, secret, "m2") == 202)

        rotated = client.post(f"/sources/{source['id']}/rotate-secret", json={})
        assert rotated.status_code == 200, rotated.text
        new = rotated.json()["secrets"]["secret"]
        assert send(here, source, new, "m3") == 202
        until(lambda: send(there, source, new, "m4") == 202)

        etag = client.get(f"/sources/{source['id']}").headers["ETag"]
        changed = client.patch(
            f"/sources/{source['id']}", json={"enabled": False}, headers={"If-Match": etag}
        )
        assert changed.status_code == 200, changed.text
        assert send(here, source, new, "m5") == 404
        until(lambda: send(there, source, new, "m6") == 404)
    pair.settle()
    assert pair.ask("/ingest/v1/admin/audit", workspace="*", role="operator")["residual"] == 0


@pytest.mark.nightly
def test_every_api_replica_streams_what_any_worker_applied(pair) -> None:
    source = pair.add_source(pair.add_channel("one"), "one")
    streams = [_Stream(pair, replica) for replica in pair.of("insights", "api")]
    try:
        for stream in streams:
            assert stream.next() == ("stream.opened", None)
        for number in range(3):
            sent = send(
                pair.of("ingest", "api")[number % 2],
                source,
                source["secrets"]["secret"],
                str(number),
            )
            assert sent == 202
        for stream in streams:
            seen = 0
            while seen < 3:
                type_, content = stream.next()
                assert type_ == "metrics.minute"
                assert content is not None
                seen = content["channels"].get(source["channel_id"], {}).get("activities", 0)
            assert seen == 3
    finally:
        for stream in streams:
            stream.close()


class _Stream:
    """Server-sent events of one replica."""

    def __init__(self, system: Replicas, replica: Process) -> None:
        self._client = httpx.Client(base_url=replica.url, timeout=120)
        bearer = {"Authorization": f"Bearer {system.token('one')}"}
        request = self._client.build_request("GET", "/insights/v1/stream", headers=bearer)
        self._answer = self._client.send(request, stream=True)
        assert self._answer.status_code == 200
        self._lines = self._answer.iter_lines()

    def next(self) -> tuple[str, dict | None]:
        type_ = ""
        for line in self._lines:
            if line.startswith("event: "):
                type_ = line.removeprefix("event: ")
            elif line.startswith("data: "):
                content = json.loads(line.removeprefix("data: "))
                return type_, content if type_ == "metrics.minute" else None
        raise AssertionError("the stream has ended")

    def close(self) -> None:
        self._answer.close()
        self._client.close()


@pytest.mark.nightly
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_rebuild_goes_on_with_another_replica(tmp_path, number) -> None:
    """Its holder ends in the middle, and every answer is the same afterwards."""
    with (
        a_broker(tmp_path) as broker,
        a_cluster() as cluster,
        replicated(tmp_path, broker.url, cluster, services=NUMBERED) as system,
    ):
        ledger = Ledger(tmp_path / "ledger.jsonl")
        driver = Driver(system, ledger, seed=6, pause=0.05)
        driver.set_up()
        driver.start()
        operator = {"workspace": "*", "role": "operator"}
        (worker,) = system.of("crm", "worker")
        (successor,) = system.add("crm", "worker")
        system.wait()
        assert system.call("POST", "/crm/v1/admin/rebuilds", **operator).status_code == 202

        def state() -> str:
            newest = system.ask("/crm/v1/admin/rebuilds", **operator)["items"][0]
            return str(newest["state"])

        until(lambda: state() != "requested")
        worker.signal(number)
        until(lambda: state() == "done")
        until(successor.is_live)
        driver.stop()
        prove(system, ledger)
