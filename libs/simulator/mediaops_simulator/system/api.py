"""The public HTTP surface, as one token sees it."""

import asyncio
from types import TracebackType
from typing import Any, Self

import httpx

__all__ = ["Api", "Unexpected"]

_PATIENCE = 30
"""Tries of one request while the server is too busy."""

_UNAVAILABLE = 503
_LIMITS = httpx.Limits(max_connections=40, max_keepalive_connections=40)


class Unexpected(Exception):
    """The server answered what it should not have."""

    def __init__(self, request: str, response: httpx.Response) -> None:
        super().__init__(f"{request} was answered {response.status_code}: {response.text[:500]}")
        self.status = response.status_code


class Api:
    """JSON in, JSON out; anything but the expected status raises `Unexpected`."""

    def __init__(self, url: str, token: str, transport: httpx.AsyncBaseTransport | None = None):
        self.url = url.rstrip("/")
        self.doubts = 0
        self.client = httpx.AsyncClient(
            base_url=self.url,
            headers={"authorization": f"Bearer {token}"},
            limits=_LIMITS,
            # A preview reads everything that came through a source again.
            timeout=300,
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.client.aclose()

    async def get(self, path: str, **params: Any) -> Any:
        """The answer's JSON. Parameters may be lists."""
        response = await self.client.get(path, params=params)
        return self._checked(f"GET {response.request.url}", response)

    async def post(self, path: str, body: Any, **headers: str) -> Any:
        """Sent again while the server is too busy; `doubts` counts what may have been kept."""
        for _ in range(_PATIENCE):
            response = await self.client.post(path, json=body, headers=headers)
            if response.status_code != _UNAVAILABLE:
                break
            self.doubts += 1
            await asyncio.sleep(float(response.headers.get("retry-after", 1)))
        return self._checked(f"POST {path}", response)

    async def patch(self, path: str, body: Any, *, etag: str) -> Any:
        response = await self.client.patch(path, json=body, headers={"if-match": etag})
        return self._checked(f"PATCH {path}", response)

    async def etag(self, path: str) -> str:
        """The `ETag` of what is at that path."""
        response = await self.client.get(path)
        self._checked(f"GET {path}", response)
        return response.headers["etag"]

    async def all_items(self, path: str, **params: Any) -> list[Any]:
        """Every page of a list."""
        items: list[Any] = []
        after: dict[str, str] = {}
        while True:
            page = await self.get(path, limit=1000, **params, **after)
            items += page["items"]
            if page.get("next") is None:
                return items
            after = {"after": page["next"]}

    def _checked(self, request: str, response: httpx.Response) -> Any:
        if not response.is_success:
            raise Unexpected(request, response)
        return response.json() if response.content else None
