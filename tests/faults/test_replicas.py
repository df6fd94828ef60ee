"""Replicas that freeze, die, come and go under load."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from tests.faults.driver import WORKSPACES
from tests.faults.installation import (
    GROUPS,
    MARKS,
    NUMBERED,
    PARTITIONS,
    PROBED,
    SHARDS,
    Installation,
    an_installation,
    held_shards,
)
from tests.faults.proof import prove
from tests.ledger import Ledger, mark
from tests.system.replicas import Process, Replicas, until
from tests.system.running import SERVICES

pytestmark = MARKS


@pytest.fixture(scope="module")
def installation(tmp_path_factory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("replicas")
    with an_installation(folder, apis=1, workers=2, services=SERVICES) as made:
        yield made


def test_frozen_workers_that_wake_up_are_fenced(installation, chance) -> None:
    """Stopped for longer than sessions and leases; awake again, they must not write."""
    system = installation.system
    frozen = [system.of(service, "worker")[0] for service in SERVICES]
    ingest = frozen[SERVICES.index("ingest")]
    with installation.under_load():
        until(lambda: installation.is_shared_equally(2), 120)
        time.sleep(chance.uniform(1.0, 5.0))
        sizes = [worker.log.stat().st_size for worker in frozen]
        for worker in frozen:
            worker.signal(signal.SIGSTOP)
        stopped = time.monotonic()
        others = [w for w in system.of("ingest", "worker") if w is not ingest]
        until(lambda: [held_shards(w) for w in others] == [SHARDS], 180)
        for group in GROUPS:
            until(lambda group=group: installation.shared(group) == [PARTITIONS], 60)
        print(f"the others hold everything {time.monotonic() - stopped:.1f} s after the stop")
        installation.counts_soon()
        time.sleep(max(0.0, 40 - (time.monotonic() - stopped)))
        for worker in frozen:
            worker.signal(signal.SIGCONT)
        size = sizes[SERVICES.index("ingest")]
        # Within a transaction it held the others up until the server ended that, after a minute.
        until(lambda: lost_leases(ingest, size) or was_ended_by_server(ingest, size), 60)
        print(f"the woken one of ingest said {lost_leases(ingest, size)}")
        until(lambda: installation.is_shared_equally(2), 120)
        installation.counts_soon()
    for worker in frozen:
        until(worker.is_live)


def like_in_each(system: Replicas, channels: list[str]) -> None:
    moment = datetime.now(UTC).isoformat()
    body = [
        {
            "channel_id": channel,
            "type": "like.created",
            "occurred_at": moment,
            "actor": {"external_id": channel},
        }
        for channel in channels
    ]
    sent = system.call("POST", "/ingest/v1/activities", body, workspace=PROBED)
    assert sent.status_code == 202, sent.text


def lost_leases(worker: Process, since: int) -> list[str]:
    """Why it began anew, where another had taken over what it held."""
    reasons = [str(line["reason"]) for line in worker.said("shards_taken_anew", since)]
    shared = ("the shards are shared out anew", "the stream of the archive begins anew")
    return [reason for reason in reasons if reason not in shared]


def was_ended_by_server(worker: Process, since: int) -> bool:
    """Whether it heard that the transaction in which it slept is no more."""
    errors = [line["error"] for line in worker.said("database_not_seen", since)]
    return "IdleInTransactionSessionTimeoutError" in errors


@pytest.mark.parametrize(
    ("service", "rule", "fenced_by"),
    [
        # Between two transactions: it wakes up with a batch that is published and not noted.
        ("ingest", "archive_relay.after_publish=sleep:50@20", "leases"),
        # Inside of one, just before its end: the server ends it after a minute.
        ("ingest", "normaliser.in_transaction=sleep:100@20", "server"),
        ("crm", "consumer.in_transaction=sleep:100@20", "server"),
    ],
)
def test_a_worker_that_sleeps_before_it_writes_is_fenced(
    installation, service, rule, fenced_by
) -> None:
    """Its place is taken before it wakes up, and what it has in hand then has no effect."""
    system = installation.system
    with installation.under_load():
        (sleeper,) = system.add(service, "worker", MEDIAOPS_FAILPOINTS=rule)
        sleeper.wait()
        channels = [system.add_channel(PROBED) for _ in range(24)]

        def is_asleep() -> bool:
            # The few channels of the load may all be in the shards of others.
            like_in_each(system, channels)
            return not sleeper.is_answering(5.0)

        until(is_asleep, 120)
        size, asleep = sleeper.log.stat().st_size, time.monotonic()
        others = [worker for worker in system.of(service, "worker") if worker is not sleeper]
        if service == "ingest":
            half = [SHARDS // 2] * 2
            until(lambda: [held_shards(worker) for worker in others] == half, 180)
        else:
            until(lambda: installation.shared(f"{service}.fast") == [PARTITIONS // 2] * 2, 180)
        print(f"its place was taken {time.monotonic() - asleep:.1f} s after it fell asleep")
        assert not sleeper.is_answering(1.0), "it sleeps still"
        installation.counts_soon()
        until(lambda: sleeper.is_answering(5.0), 180)
        if fenced_by == "leases":
            until(lambda: lost_leases(sleeper, size), 60)
        else:
            until(lambda: was_ended_by_server(sleeper, size), 60)
        with sleeper.log.open("rb") as log:
            log.seek(size)
            print(f"awake it said {log.read()[:2_000].decode(errors='replace')}")
        installation.counts_soon()
        assert system.take_away(sleeper) == 0


def test_members_that_come_and_go_at_once_lose_nothing(installation, chance) -> None:
    """Each that comes gets something to hold, and is among those that may have to go."""
    system, here, joined = installation.system, list[Process](), list[Process]()
    old = system.of("ingest", "worker")
    with installation.under_load():
        before = {group: installation.generation(group) for group in GROUPS}
        sizes = {worker.log: worker.log.stat().st_size for worker in old}
        for _ in range(8):
            (joiner,) = system.add(chance.choice(NUMBERED), "worker")
            joiner.wait()
            until(lambda joiner=joiner: holds_places(joiner), 180)
            joined.append(joiner)
            here.append(joiner)
            time.sleep(chance.uniform(0.0, 3.0))
            while len(here) > chance.randrange(3):
                leaving = here.pop(chance.randrange(len(here)))
                system.take_away(leaving, kill=chance.random() < 0.7)
        for leaving in here:
            system.take_away(leaving, kill=chance.random() < 0.7)
        until(lambda: installation.is_shared_equally(2), 180)
    for group in GROUPS:
        came = [p for p in joined if p.service == group.partition(".")[0]]
        times = installation.generation(group) - before[group]
        print(f"{group}: {len(came)} came, and the partitions were shared out {times} times")
        assert times >= len(came)
    came = [p for p in joined if p.service == "ingest"]
    times = sum(len(w.said("shards_taken_anew", sizes.get(w.log, 0))) for w in [*old, *came])
    print(f"ingest: {len(came)} came, and workers took their shards anew {times} times")
    assert times >= len(came)


def holds_places(worker: Process) -> bool:
    """Whether it holds shards, or has read of a partition that it holds."""
    if worker.service == "ingest":
        return held_shards(worker) > 0
    group = f"{worker.service}.fast"
    return bool(worker.metric("mediaops_lag_records", group=group))


def test_each_process_is_replaced_in_turn(installation) -> None:
    """The gateway goes on to send to what ends, and finds another when it is gone."""
    system = installation.system
    # What starts takes a core for seconds: every request is answered, if not within one.
    with installation.under_load(), installation.unharmed(within=5.0):
        for process in list(system.processes):
            system.add(process.service, process.role)
            system.wait()
            assert system.take_away(process) == 0, process.output()
        installation.counts_soon()


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
STEPS = ((1, 1), (1, 2), (1, 4), (2, 4))
"""How many api and how many workers each service has."""


def send_burst(system: Replicas, ledger: Ledger, channels: list[str], step: int) -> None:
    """Posts from four senders at once, each with actors of its own, the same in every step."""

    def send(sender: int) -> None:
        workspace = WORKSPACES[sender % 2]
        with system.client(timeout=300) as client:
            bearer = {"Authorization": f"Bearer {system.token(workspace)}"}
            begin = step * EVENTS // 4
            for first in range(begin, begin + EVENTS // 4, IN_ONE):
                stamp = datetime.now(UTC).isoformat().replace("+00:00", "Z")
                body = []
                for n in range(first, first + IN_ONE):
                    event, actor = f"burst-{sender}-{n}", f"burst-{sender}-{n % 200}"
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
                    for event in (f"burst-{sender}-{n}" for n in range(first, first + IN_ONE)):
                        ledger.answered(event, "ok", answer.status_code)

    lock = threading.Lock()
    with ThreadPoolExecutor(4) as senders:
        list(senders.map(send, range(4)))


def test_order_and_effect_hold_with_one_two_and_four_workers(tmp_path, record_property) -> None:
    """And what it brings: with two cores for everything, not much."""
    with an_installation(tmp_path, apis=1, workers=1, services=NUMBERED) as made:
        system = made.system
        channels = [system.add_channel(WORKSPACES[n % 2]) for n in range(4)]
        base = 0.0
        for step, (apis, workers) in enumerate(STEPS):
            with made.under_load():
                for service in NUMBERED:
                    system.add(service, "api", apis - len(system.of(service, "api")))
                    system.add(service, "worker", workers - len(system.of(service, "worker")))
                system.wait()
                until(lambda workers=workers: made.is_shared_equally(workers), 180)
                made.counts_soon()
            started = time.monotonic()
            send_burst(system, made.ledger, channels, step)
            system.settle()
            rate = EVENTS / (time.monotonic() - started)
            base = base or rate
            line = (
                f"{apis} api and {workers} workers of each service: {rate / base:.2f} of what one"
                f" and one took, {rate:,.0f} activities/s; the limit is {os.cpu_count()} cores"
                " for everything"
            )
            record_property("shown", line)
            print(line)
            assert made.is_shared_equally(workers)
            prove(system, made.ledger)
