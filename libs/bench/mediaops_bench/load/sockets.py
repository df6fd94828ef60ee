"""Keep-alive connections over plain sockets: no client library's work in the measurement."""

import selectors
import socket
from time import perf_counter

__all__ = ["Broken", "Connection", "ConnectionPool"]


class Broken(Exception):
    """The server closed a connection that had a request under way."""


class Connection:
    """One connection with at most one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        # With a time-out each call would first ask whether it may be made.
        self.socket.settimeout(None)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""
        self.since = 0.0

    def send(self, request: bytes, since: float | None = None) -> None:
        """Sends a request; its latency counts from `since`, or from now."""
        self.since = perf_counter() if since is None else since
        self.socket.sendall(request)

    def receive(self) -> int | None:
        """Called when there is something to read: the status of a whole answer, else None."""
        part = self.socket.recv(65536)
        if not part:
            raise Broken
        answer = self._received + part if self._received else part
        end = answer.find(b"\r\n\r\n")
        if end >= 0 and len(answer) >= end + 4 + _length(answer, end):
            self._received = b""
            return int(answer[9:12])
        self._received = answer
        return None


def _length(answer: bytes, end: int) -> int:
    at = answer.find(b"content-length: ", 0, end)
    return int(answer[at + 16 : answer.find(b"\r", at)]) if at >= 0 else 0


class ConnectionPool:
    """Connections and who of them has an answer."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._selector = selectors.DefaultSelector()
        self.connections: list[Connection] = []

    def open(self) -> Connection:
        connection = Connection(self._port)
        self.connections.append(connection)
        self._selector.register(connection.socket, selectors.EVENT_READ, connection)
        return connection

    def answered(self, timeout: float) -> list[tuple[Connection, int]]:
        """(connection, status) of those whose answer became whole within that time."""
        found = []
        for key, _ in self._selector.select(timeout):
            status = key.data.receive()
            if status is not None:
                found.append((key.data, status))
        return found

    def close(self) -> None:
        self._selector.close()
        for connection in self.connections:
            connection.socket.close()
