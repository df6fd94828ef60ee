"""What every sender does that is told to come again: a machine may be busy with something else."""

import time

import httpx

__all__ = ["Patient"]

SECONDS = 120.0


class Patient(httpx.BaseTransport):
    """Sends again what is answered 503 with a `Retry-After`."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        deadline = time.monotonic() + SECONDS
        while True:
            answer = self._inner.handle_request(request)
            pause = answer.headers.get("Retry-After", "")
            is_final = answer.status_code != 503 or not pause.isdecimal()
            if is_final or time.monotonic() + int(pause) > deadline:
                return answer
            answer.close()
            time.sleep(int(pause))

    def close(self) -> None:
        self._inner.close()
