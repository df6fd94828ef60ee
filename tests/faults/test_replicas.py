"""Replicas that freeze, die, come and go under load."""

import random
import signal
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.faults.driver import WORKSPACES
from tests.faults.installation import MARKS, NUMBERED, SEED, Installation, an_installation
from tests.faults.proof import prove
from tests.ledger import Ledger, mark
from tests.system.replicas import Replicas, until
from tests.system.running import SERVICES

pytestmark = MARKS


@pytest.fixture(scope="module")
def installation(tmp_path_factory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("replicas")
    with an_installation(folder, apis=1, workers=2, services=SERVICES) as made:
        yield made


def test_frozen_workers_that_wake_up_are_fenced(installation) -> None:
    """Stopped for longer than sessions and leases; awake again, they must not write."""
    frozen = [installation.system.of(service, "worker")[0] for service in SERVICES]
    with installation.under_load():
        time.sleep(3)
        for worker in frozen:
            worker.signal(signal.SIGSTOP)
        time.sleep(40)
        for worker in frozen:
            worker.signal(signal.SIGCONT)
        time.sleep(5)
    for worker in frozen:
        until(worker.is_live)


def test_members_that_come_and_go_at_once_lose_nothing(installation) -> None:
    chance, system = random.Random(SEED), installation.system
    with installation.under_load():
        for _ in range(8):
            service = chance.choice(NUMBERED)
            system.add(service, "worker")
            time.sleep(chance.uniform(1.0, 8.0))
            leaving = chance.choice(system.of(service, "worker"))
            system.take_away(leaving, kill=chance.random() < 0.7)
        system.wait()


def test_each_process_is_replaced_in_turn(installation) -> None:
    system = installation.system
    with installation.under_load():
        for process in list(system.processes):
            system.add(process.service, process.role)
            system.wait()
            assert system.take_away(process) == 0, process.output()


def test_an_api_that_dies_between_commit_and_answer_doubles_nothing(installation) -> None:
    system = installation.system
    with installation.under_load():
        for at in (1, 20):
            failing = system.add(
                "ingest", "api", MEDIAOPS_FAILPOINTS=f"door.after_commit=kill@{at}"
            )
            for process in failing:
                assert process.running is not None
                assert process.running.wait(600) == -signal.SIGKILL
                system.processes.remove(process)


EVENTS, IN_ONE = 12_000, 500


def send_burst(system: Replicas, ledger: Ledger, channels: list[str], name: str) -> None:
    """Posts from four senders at once, each with actors of its own."""

    def send(sender: int) -> None:
        workspace = WORKSPACES[sender % 2]
        with system.client(timeout=300) as client:
            bearer = {"Authorization": f"Bearer {system.token(workspace)}"}
            for first in range(0, EVENTS // 4, IN_ONE):
                stamp = datetime.now(UTC).isoformat().replace("+00:00", "Z")
                body = []
                for n in range(first, first + IN_ONE):
                    event, actor = f"{name}-{sender}-{n}", f"{name}-{sender}-{n % 200}"
                    with lock:
                        ledger.sending(event, workspace=workspace, key=actor, seq=n)
                    body.append(
                        {
                            "channel_id": channels[sender],
                            "type": "like.created",
                            "occurred_at": stamp,
                            "actor": {"external_id": actor},
                            "context": mark(event, n),
                            "dedup_key": event,
                        }
                    )
                while True:
                    answer = client.post("/ingest/v1/activities", json=body, headers=bearer)
                    if answer.status_code != 503:
                        break
                    time.sleep(int(answer.headers["Retry-After"]))
                assert answer.json()["accepted"] == IN_ONE, answer.text
                with lock:
                    for event in (f"{name}-{sender}-{n}" for n in range(first, first + IN_ONE)):
                        ledger.answered(event, "ok", answer.status_code)

    lock = threading.Lock()
    senders = [threading.Thread(target=send, args=(sender,)) for sender in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()


def test_order_and_effect_hold_with_one_two_and_four_workers(tmp_path, capsys) -> None:
    """And what it brings: with two cores for everything, not much."""
    with an_installation(tmp_path, apis=1, workers=1, services=NUMBERED) as made:
        system = made.system
        channels = [system.add_channel(WORKSPACES[n % 2]) for n in range(4)]
        base = 0.0
        for apis, workers in ((1, 1), (1, 2), (1, 4), (2, 4)):
            for service in NUMBERED:
                system.add(service, "api", apis - len(system.of(service, "api")))
                system.add(service, "worker", workers - len(system.of(service, "worker")))
            system.wait()
            system.settle()
            started = time.monotonic()
            send_burst(system, made.ledger, channels, f"{apis}-{workers}")
            system.settle()
            rate = EVENTS / (time.monotonic() - started)
            base = base or rate
            with capsys.disabled():
                print(f"\n{apis} api, {workers} workers: {rate / base:.2f} of the first")
            prove(system, made.ledger)
