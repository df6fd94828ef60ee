"""Sends the requests of commands, and hears an answer that comes before all of one is sent."""

import contextlib
import http.client
import urllib.request
from typing import Any

__all__ = ["build_opener"]


class _Listening:
    """Who refuses a body by its length answers and hangs up; that answer is told, not the hanging
    up."""

    def send(self: Any, data: Any) -> None:
        if self.sock is None:
            self.connect()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            super().send(data)  # type: ignore[misc]


class _Plain(_Listening, http.client.HTTPConnection):
    pass


class _Secure(_Listening, http.client.HTTPSConnection):
    pass


class _PlainHandler(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Plain, request)


class _SecureHandler(urllib.request.HTTPSHandler):
    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Secure, request)


def build_opener() -> urllib.request.OpenerDirector:
    # A proxy of the environment is for the outside world, not for this system.
    no_proxy = urllib.request.ProxyHandler({})
    return urllib.request.build_opener(no_proxy, _PlainHandler, _SecureHandler)
