"""The order in which events took effect, as an answer of insights shows it while they come in.

Sums show no order. Here each event of an actor is about another content, and insights is asked
again and again which contents it knows of: they are at any time the first so many of each actor.
"""

import threading
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.system.running import System

__all__ = ["WORKSPACE", "Succession"]

WORKSPACE = "ordered"
ACTORS = 3
EVERY_SECONDS = 0.1
LOOK_SECONDS = 0.5


class Succession:
    """One sender and one reader of a channel of their own."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._bearer = {"Authorization": f"Bearer {system.token(WORKSPACE)}"}
        self._channel = system.add_channel(WORKSPACE)
        self._stopping = threading.Event()
        self._acknowledged: dict[str, list[int]] = defaultdict(list)
        self._seen: list[dict[str, set[int]]] = []
        self._errors: list[BaseException] = []
        self._threads = [threading.Thread(target=self._run, args=(f,)) for f in (_send, _look)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout=60)
        assert not self._errors, self._errors

    def check(self) -> None:
        """After all has drained: what was seen at any time is the beginning of what was sent."""
        archived: dict[str, list[int]] = defaultdict(list)
        for event in self._system.events(WORKSPACE):
            if event["channel_id"] == self._channel:
                actor, number = _parts(event["content"]["external_id"])
                archived[actor].append(number)
        for actor, numbers in archived.items():
            assert numbers == sorted(set(numbers)), f"the archive swaps events of {actor}"
            assert set(self._acknowledged[actor]) <= set(numbers), f"lost events of {actor}"
        assert self._acknowledged.keys() <= archived.keys()
        assert self._ask() == {actor: set(numbers) for actor, numbers in archived.items()}
        looks = 0
        for seen in self._seen:
            for actor, numbers in seen.items():
                first = archived[actor][: len(numbers)]
                assert numbers == set(first), f"{actor}: {sorted(set(first) ^ numbers)} out of turn"
                looks += 1
        distinct = len({tuple(sorted((a, len(n)) for a, n in seen.items())) for seen in self._seen})
        print(f"in order at each of {looks} looks, of which {distinct} found something new")
        assert distinct > 1

    def _run(self, task: Any) -> None:
        try:
            with self._system.client(timeout=10, headers=self._bearer) as client:
                task(self, client)
        except BaseException as error:
            self._errors.append(error)
            raise

    def _ask(self) -> dict[str, set[int]]:
        answer = self._system.http.get(
            "/insights/v1/metrics/query", params=self._question(), headers=self._bearer, timeout=60
        )
        return _read(answer)

    def _question(self) -> dict[str, str]:
        today = datetime.now(UTC).date()
        return {
            "metric": "activities",
            "granularity": "day",
            "group_by": "content",
            "channel": self._channel,
            "from": str(today - timedelta(days=1)),
            "to": str(today + timedelta(days=1)),
        }


def _send(self: Succession, client: httpx.Client) -> None:
    """Each event until it is acknowledged, and only then the next."""
    number = 0
    while not self._stopping.is_set():
        number += 1
        actor = f"actor-{number % ACTORS}"
        body = {
            "channel_id": self._channel,
            "type": "like.created",
            "occurred_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "actor": {"external_id": actor},
            "content": {"external_id": f"{actor}:{number}"},
            "dedup_key": str(number),
        }
        while not self._stopping.is_set():
            try:
                answer = client.post("/ingest/v1/activities", json=[body])
            except httpx.HTTPError:
                time.sleep(EVERY_SECONDS)
                continue
            if answer.status_code == 202:
                self._acknowledged[actor].append(number)
                break
            assert answer.status_code == 503, f"{answer.status_code} {answer.text}"
            self._stopping.wait(int(answer.headers["Retry-After"]))
        self._stopping.wait(EVERY_SECONDS)


def _look(self: Succession, client: httpx.Client) -> None:
    while not self._stopping.wait(LOOK_SECONDS):
        try:
            answer = client.get("/insights/v1/metrics/query", params=self._question())
        except httpx.HTTPError:
            continue
        if answer.status_code != 503:
            self._seen.append(_read(answer))


def _read(answer: httpx.Response) -> dict[str, set[int]]:
    """Actor → numbers of its events that count."""
    assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
    seen: dict[str, set[int]] = defaultdict(set)
    for item in answer.json()["items"]:
        assert item["value"] in (0, 1), item
        if item["value"]:
            actor, number = _parts(item["group"]["content"])
            assert number not in seen[actor], item
            seen[actor].add(number)
    return dict(seen)


def _parts(content: str) -> tuple[str, int]:
    actor, _, number = content.partition(":")
    return actor, int(number)
