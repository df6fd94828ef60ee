"""A server that answers with the head of the request as it came."""

import socket
import threading

__all__ = ["Echo"]


class Echo:
    """Listens on another address than the container that it stands for, at the same port."""

    def __init__(self, host: str, port: int) -> None:
        self.host = f"{host.rpartition('.')[0]}.254"
        self._socket = socket.create_server((self.host, port))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "Echo":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                head = b""
                while b"\r\n\r\n" not in head and (more := connection.recv(65_536)):
                    head += more
                size = f"content-length: {len(head)}\r\nconnection: close\r\n".encode()
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n" + size)
                connection.sendall(b"\r\n" + head)
