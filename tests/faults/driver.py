"""A driver that is never killed: sends signed webhooks and posts, and keeps the ledger."""

import json
import random
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.ledger import Ledger, mark
from tests.system.running import System, signed

WORKSPACES = ("one", "two")


@dataclass
class Lane:
    """One sender: its own actors, so that the order of each actor's events is the sender's."""

    workspace: str
    channel: str
    source: dict[str, Any] | None
    token: str
    name: str
    sent: int = 0
    ended: int = 0
    """Requests that have ended, in whatever way."""
    actors: list[str] = field(default_factory=list)


class Driver:
    """Threads that send until they are told to stop; what is unanswered they send again."""

    def __init__(self, system: System, ledger: Ledger, *, seed: int, pause: float = 0.004) -> None:
        self._system = system
        self._ledger = ledger
        self._pause = pause
        self._seed = seed
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._lanes: list[Lane] = []
        self._threads: list[threading.Thread] = []
        self.errors: list[BaseException] = []
        self.refused = 0
        """Requests that were answered 503."""
        self.unanswered = 0
        """Requests whose connection failed, or that were waited for in vain."""
        self.slowest = 0.0
        """Seconds that the slowest answer took, or was waited for in vain. All three are since the
        start, or since `count_anew`."""

    def set_up(self) -> None:
        """Two workspaces, each with a hooked channel and one that is posted to."""
        for slug in WORKSPACES:
            body = {"slug": slug, "name": slug, "timezone": "Asia/Shanghai"}
            made = self._system.call(
                "POST", "/ingest/v1/workspaces", body, workspace="*", role="operator"
            )
            assert made.status_code == 201, made.text
            token = self._system.token(slug)
            hooked, posted = (self._system.add_channel(slug) for _ in range(2))
            source = self._system.add_source(hooked, slug)
            for n, (channel, its) in enumerate(((hooked, source), (posted, None))):
                name = f"{slug}-{n}"
                actors = [f"{name}-actor-{i}" for i in range(7)]
                self._lanes.append(Lane(slug, channel, its, token, name, actors=actors))

    def start(self) -> None:
        """Sends until `stop`; it may be started again."""
        self._stopping.clear()
        self._threads = []
        self.count_anew()
        for number, lane in enumerate(self._lanes):
            thread = threading.Thread(target=self._run, args=(lane, self._seed * 100 + number))
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout=60)
        assert not self.errors, self.errors

    def count_anew(self) -> None:
        with self._lock:
            self.refused, self.unanswered, self.slowest = 0, 0, 0.0

    def wait_for_each(self, seconds: float = 60.0) -> None:
        """Returns when each sender has ended a request that it was at, or began since: what was
        begun before is counted."""
        before = [lane.ended for lane in self._lanes]
        deadline = time.monotonic() + seconds
        while any(lane.ended == n for lane, n in zip(self._lanes, before, strict=True)):
            assert not self.errors, self.errors
            assert time.monotonic() < deadline, "a sender waits for its answer"
            time.sleep(0.01)

    @property
    def sent(self) -> int:
        return sum(lane.sent for lane in self._lanes)

    def _run(self, lane: Lane, seed: int) -> None:
        chance = random.Random(seed)
        try:
            with self._system.client(timeout=10) as client:
                while not self._stopping.is_set():
                    self._send_next(client, lane, chance)
                    time.sleep(self._pause * chance.random() * 2)
        except BaseException as error:
            self.errors.append(error)
            raise

    def _send_next(self, client: httpx.Client, lane: Lane, chance: random.Random) -> None:
        events = []
        for _ in range(1 if lane.source else chance.randint(1, 5)):
            lane.sent += 1
            event, actor = f"{lane.name}-{lane.sent}", chance.choice(lane.actors)
            events.append((event, actor, lane.sent))
        moment = datetime.now(UTC)
        for attempt in range(200):
            with self._lock:
                for event, actor, seq in events:
                    self._ledger.sending(event, workspace=lane.workspace, key=actor, seq=seq)
            outcome, status = self._attempt(client, lane, events, moment)
            with self._lock:
                for event, _, _ in events:
                    self._ledger.answered(event, outcome, status)
            if outcome == "ok":
                # Some senders do not trust an answer: the same delivery comes again.
                if chance.random() < 0.05 and attempt == 0:
                    continue
                return
            if self._stopping.wait(0.1):
                return

    def _attempt(
        self,
        client: httpx.Client,
        lane: Lane,
        events: list[tuple[str, str, int]],
        moment: datetime,
    ) -> Any:
        started = time.monotonic()
        answer = None
        try:
            answer = self._request(client, lane, events, moment)
        except httpx.HTTPError as error:
            print(f"{lane.name} got no answer: {type(error).__name__}: {error}")
        with self._lock:
            self.slowest = max(self.slowest, time.monotonic() - started)
            self.unanswered += answer is None
            self.refused += answer is not None and answer.status_code == 503
            lane.ended += 1
        if answer is None:
            return "unknown", None
        if answer.status_code in (200, 202, 204):
            return "ok", answer.status_code
        assert answer.status_code == 503, f"{answer.status_code} {answer.text}"
        assert int(answer.headers["Retry-After"]) > 0
        return "unknown", answer.status_code

    def _request(
        self,
        client: httpx.Client,
        lane: Lane,
        events: list[tuple[str, str, int]],
        moment: datetime,
    ) -> httpx.Response:
        stamp = moment.isoformat().replace("+00:00", "Z")
        if lane.source is None:
            body = [
                {
                    "channel_id": lane.channel,
                    "type": "like.created",
                    "occurred_at": stamp,
                    "actor": {"external_id": actor},
                    "content": {"external_id": "c1"},
                    "context": mark(event, seq),
                    "dedup_key": event,
                }
                for event, actor, seq in events
            ]
            return client.post(
                "/ingest/v1/activities",
                json=body,
                headers={"Authorization": f"Bearer {lane.token}"},
            )
        ((event, actor, seq),) = events
        data = {"actor": {"external_id": actor}, "context": mark(event, seq)}
        text = json.dumps({"type": "comment.created", "timestamp": stamp, "data": data})
        headers = signed(lane.source["secrets"]["secret"], event, text)
        return client.post(lane.source["hook_url"], content=text, headers=headers)
