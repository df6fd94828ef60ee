"""Requests with defaults for what a test does not care about."""

from typing import Any

import httpx

from tests.content.running import DOUYIN


async def a_content(client: httpx.AsyncClient, title: str = "新品开箱", **more: Any) -> Any:
    answer = await client.post("/content/v1/contents", json={"title": title, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def publication_of(content: Any, external_id: str = "7301", **more: Any) -> dict[str, Any]:
    return {
        "content_id": content["id"],
        "channel_id": str(DOUYIN),
        "external_id": external_id,
        "published_at": "2026-11-22T18:30:00+08:00",
        **more,
    }
