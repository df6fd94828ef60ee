"""The server that the door's measurement loads, as a process of its own.

`python -m mediaops_bench.door_server VARIANT FOLDER CHANNELS [SENDER …]` prints where to send, then
serves until its input ends. VARIANT is `door`, or `unstored`: the same without storage.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import uvloop
from mediaops_common.garbage import leave_alone_what_stays
from mediaops_common.http.app import build_directs
from mediaops_common.http.direct import Direct
from mediaops_common.http.server import listen, serve
from mediaops_common.logs import configure_logs
from mediaops_common.settings import HttpSettings, LogSettings
from mediaops_common.turns import take_short_turns
from mediaops_ingest.delivery_log.port import NewDelivery, Told
from mediaops_ingest.door import lifecycle as door
from mediaops_ingest.door.front import front
from mediaops_ingest.main import INGEST
from starlette.types import ASGIApp

from mediaops_bench.senders.registry import SENDERS
from mediaops_bench.services import opened
from mediaops_bench.wire import Hook

__all__ = ["main"]


class Nowhere:
    """A delivery log that forgets at once: the door's own path without storage."""

    backlog = 0

    def append(self, deliveries: Sequence[NewDelivery]) -> "asyncio.Future[list[int]]":
        kept: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        kept.set_result(list(range(1, len(deliveries) + 1)))
        return kept

    def submit(self, deliveries: Sequence[NewDelivery], told: Told) -> None:
        asyncio.get_running_loop().call_soon(told, 1, None)


class Chosen(NamedTuple):
    """What is served, and what it is loaded with."""

    app: ASGIApp
    directs: Sequence[Direct]
    hooks: Mapping[str, list[Hook]]
    """Of each sender, and under no name those of the company itself."""
    token: str
    """For posts."""


@asynccontextmanager
async def chosen(
    variant: str, folder: Path, channels: int, senders: Sequence[str]
) -> AsyncIterator[Chosen]:
    async with opened(INGEST, folder) as ingest:
        hooks = {"": await ingest.add_company(channels)}
        for name in senders:
            source = SENDERS[name].source
            hooks[name] = [await ingest.add_channel(number, source) for number in range(channels)]
        app = ingest.app
        if variant == "unstored":
            await door.stop(ingest.runtime)
            log = ingest.runtime.state["delivery_log"]
            ingest.runtime.state["delivery_log"] = Nowhere()
            await door.start(ingest.runtime)
            app = front(app, ingest.runtime)
            ingest.runtime.state["delivery_log"] = log
        yield Chosen(app, build_directs([ingest.runtime]), hooks, ingest.token())


async def run(variant: str, folder: Path, channels: int, senders: Sequence[str]) -> None:
    http = HttpSettings(port=0)
    stopping = asyncio.Event()
    asyncio.get_running_loop().run_in_executor(None, sys.stdin.read).add_done_callback(
        lambda _done: stopping.set()
    )
    async with chosen(variant, folder, channels, senders) as served:
        sock = listen(http)
        listed = {
            name: [(hook.path, hook.secret, hook.channel) for hook in some]
            for name, some in served.hooks.items()
        }
        told = {"port": sock.getsockname()[1], "hooks": listed, "token": served.token}

        def tell() -> None:
            leave_alone_what_stays()  # as a process that serves does
            take_short_turns()
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()

        await serve(
            served.app,
            http,
            sock,
            stopping=stopping,
            on_ready=tell,
            directs=served.directs,
        )


def main() -> None:
    variant, folder, channels, *senders = sys.argv[1:]
    configure_logs(LogSettings())  # standard output is for who started it
    uvloop.run(run(variant, Path(folder), int(channels), senders))


if __name__ == "__main__":
    main()
