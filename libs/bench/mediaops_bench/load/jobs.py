"""What a generator can be told: build requests, then send them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

import msgspec

from mediaops_bench.company import Company
from mediaops_bench.load.closed import drive_closed
from mediaops_bench.load.opened import drive_opened
from mediaops_bench.senders.registry import SENDERS
from mediaops_bench.senders.sender import Telling
from mediaops_bench.wire import Hook, as_sent, list_body, posted, signed, single_body

__all__ = ["Drive", "Form", "Job", "Prepare", "drive", "prepare"]

Form = Literal["single", "list", "posts", "mixed posts", "sender"]


class Prepare(msgspec.Struct, tag="prepare", kw_only=True):
    """Builds requests and keeps them until the next preparation."""

    form: Form
    """`single`: a signed webhook of 1 KB with one act. `list`: one with `items` acts.
    `posts`: `POST /activities` with `items` of one channel; `mixed posts`: of many channels.
    `sender`: a webhook as the sender of that name writes it, with `items` acts."""
    count: int
    items: int
    hooks: list[tuple[str, str, str]]
    """(path, secret, channel)."""
    token: str = ""
    sender: str = ""
    seed: int = 1
    rate: float | None = None
    """Requests a second: acts and signatures bear the time at which they will leave."""


class Drive(msgspec.Struct, tag="drive", kw_only=True):
    """Sends what was prepared: in a closed loop for `seconds`, or once at a fixed `rate`."""

    port: int
    connections: int = 32
    seconds: float = 2.0
    most: int = 1_000_000
    rate: float | None = None


Job = Prepare | Drive


def prepare(job: Prepare) -> list[bytes]:
    """The requests, with ids of their own each time."""
    run = uuid4().hex[:8]
    hooks = {channel: Hook(path, secret, channel) for path, secret, channel in job.hooks}
    company = Company(list(hooks), seed=job.seed, prefix=f"n{run}")
    start = datetime.now(UTC)
    build = _builder(job, company, hooks, run)
    requests = []
    for number, channel in enumerate(company.pick_channels(job.count)):
        moment = start if job.rate is None else start + timedelta(seconds=number / job.rate)
        requests.append(build(channel, number, moment))
    return requests


def _builder(
    job: Prepare, company: Company, hooks: dict[str, Hook], run: str
) -> Callable[[str, int, datetime], bytes]:
    def single(channel: str, number: int, moment: datetime) -> bytes:
        body = single_body(company.acts(channel, 1, moment)[0])
        return signed(hooks[channel], f"{run}-{number}", body, moment)

    def listed(channel: str, number: int, moment: datetime) -> bytes:
        body = list_body(company.acts(channel, job.items, moment))
        return signed(hooks[channel], f"{run}-{number}", body, moment)

    def posts(channel: str, number: int, moment: datetime) -> bytes:
        places = [channel] * job.items
        if job.form == "mixed posts":
            places = company.pick_channels(job.items)
        acts = [
            {**company.acts(place, 1, moment)[0], "channel_id": place, "dedup_key": key}
            for place, key in ((place, f"{run}-{number}-{n}") for n, place in enumerate(places))
        ]
        return posted(job.token, acts)

    def sent(channel: str, number: int, moment: datetime) -> bytes:
        telling = Telling(company.acts(channel, job.items, moment), f"{run}n{number}", moment)
        return as_sent(hooks[channel].path, SENDERS[job.sender].write(telling))

    return {
        "single": single,
        "list": listed,
        "posts": posts,
        "mixed posts": posts,
        "sender": sent,
    }[job.form]


def drive(job: Drive, requests: list[bytes]) -> dict[str, Any]:
    if job.rate is not None:
        return drive_opened(job.port, requests, rate=job.rate)
    return drive_closed(
        job.port,
        requests,
        connections=job.connections,
        seconds=job.seconds,
        most=job.most,
    )
