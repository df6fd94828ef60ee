"""A bare ASGI app on uvicorn as it is published: the limit that the door is measured beside.

What is measured has no part in its limit: neither the door's server nor its settings.
`python -m mediaops_bench.bare_server` prints where to send, then serves until its input ends.
"""

import asyncio
import json
import socket
import sys

import uvicorn
from starlette.types import Receive, Scope, Send

__all__ = ["main"]


async def app(_scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the body and answers 202: the least that any ASGI app does."""
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    start = {"type": "http.response.start", "status": 202}
    await send({**start, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})


class BareServer(uvicorn.Server):
    """Tells its port, and goes with who started it."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, sys.stdin.read).add_done_callback(self._stop)
        port = self.servers[0].sockets[0].getsockname()[1]
        sys.stdout.write(json.dumps({"port": port}) + "\n")
        sys.stdout.flush()

    def _stop(self, _ended: object) -> None:
        self.should_exit = True


def main() -> None:
    usual = uvicorn.Config(
        app,
        port=0,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_config=None,
    )
    BareServer(usual).run()


if __name__ == "__main__":
    main()
