"""Runs an ASGI app under uvicorn until it is told to stop."""

import asyncio
import contextlib
import logging
import resource
import socket
from collections.abc import Callable, Iterator, Sequence

import uvicorn
from starlette.types import ASGIApp

from mediaops_common.http.direct import Direct
from mediaops_common.http.direct_protocol import protocol_for
from mediaops_common.settings import HttpSettings

__all__ = ["listen", "serve", "url_of"]


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn raises the signal again after a graceful end, so the process would not exit 0.
        # Signals belong to the command that runs the server.
        yield


def listen(http: HttpSettings) -> socket.socket:
    """A bound socket. Exits with a sentence when the address cannot be had."""
    family = socket.AF_INET6 if ":" in http.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((http.host, http.port))
    except OSError as error:
        sock.close()
        raise SystemExit(
            f"cannot listen on {http.host} port {http.port}: {error.strerror}; "
            "choose another with --port"
        ) from None
    sock.setblocking(False)
    return sock


def url_of(sock: socket.socket, http: HttpSettings) -> str:
    """What a browser on this machine types."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(http.host, http.host)
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"http://{host}:{sock.getsockname()[1]}"


async def serve(
    app: ASGIApp,
    http: HttpSettings,
    sock: socket.socket,
    *,
    stopping: asyncio.Event,
    on_ready: Callable[[], None] = lambda: None,
    directs: Sequence[Direct] = (),
) -> None:
    """Serves until `stopping` is set; requests under way get `stop_seconds` to finish.

    `on_ready` is called when the first request would be answered. What `directs` answer does not
    reach the app.
    """
    _allow_many_connections()
    # Broken requests are the clients' faults and no warnings of ours.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    config = uvicorn.Config(
        app,
        http=protocol_for(http, directs),
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(http.trusted_proxies),
        forwarded_allow_ips=http.trusted_proxies or None,
        timeout_graceful_shutdown=max(1, int(http.stop_seconds)),
        backlog=2048,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[sock]))
    await _first_of(running, server.is_up)
    if not running.done():
        if not stopping.is_set():
            on_ready()
        await _first_of(running, stopping)
        server.should_exit = True
    await running


async def _first_of(running: asyncio.Task[None], event: asyncio.Event) -> None:
    waiting = asyncio.create_task(event.wait())
    try:
        await asyncio.wait([running, waiting], return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()


def _allow_many_connections() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(65_536, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
