"""Answers what the engine's own name server answers: the addresses of a container's replicas."""

import socket
import struct
import threading

__all__ = ["NameServer"]

QUERY, ANSWER = struct.Struct(">HHHHHH"), struct.Struct(">HHHLH4s")


class NameServer:
    """A thread on a free UDP port. `addresses` may change at any time."""

    def __init__(self) -> None:
        self.addresses: dict[str, list[str]] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                question, sender = self._socket.recvfrom(512)
                if question == b"stop":
                    return
                self._socket.sendto(self._answer(question), sender)
            except OSError:
                return

    def _answer(self, packet: bytes) -> bytes:
        number = QUERY.unpack_from(packet)[0]
        end = QUERY.size
        labels = []
        while packet[end]:
            labels.append(packet[end + 1 : end + 1 + packet[end]].decode())
            end += 1 + packet[end]
        question = packet[QUERY.size : end + 5]
        found = self.addresses.get(".".join(labels), [])
        flags = 0x8180 if found else 0x8183  # an answer, or: there is no such name
        answers = b"".join(
            ANSWER.pack(0xC00C, 1, 1, 1, 4, socket.inet_aton(address)) for address in found
        )
        return QUERY.pack(number, flags, 1, len(found), 0, 0) + question + answers

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            host, port = self.address.split(":")
            last.sendto(b"stop", (host, int(port)))
        self._thread.join(5)
        self._socket.close()
