from collections.abc import AsyncIterator

import httpx
import pytest
from mediaops_console.app import POLICY, console_app

ASSETS = ["/", "/assets/main.js", "/assets/style.css", "/assets/mark.svg"]


@pytest.fixture
async def console() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(console_app)
    async with httpx.AsyncClient(transport=transport, base_url="http://console") as client:
        yield client


@pytest.mark.parametrize("path", [*ASSETS, "/nothing"])
async def test_every_answer_carries_the_policy(console: httpx.AsyncClient, path: str) -> None:
    headers = (await console.get(path)).headers
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "unsafe" not in POLICY


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/assets/main.js", "text/javascript; charset=utf-8"),
        ("/assets/style.css", "text/css; charset=utf-8"),
        ("/assets/mark.svg", "image/svg+xml"),
    ],
)
async def test_files_come_with_their_kind(console: httpx.AsyncClient, path: str, kind: str) -> None:
    answer = await console.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == kind


@pytest.mark.parametrize("path", ASSETS)
async def test_what_the_browser_has_is_not_sent_again(
    console: httpx.AsyncClient, path: str
) -> None:
    first = await console.get(path)
    assert first.headers["cache-control"] == "no-cache"
    tag = first.headers["etag"]
    for given in (tag, f'"other", W/{tag}', "*"):
        again = await console.get(path, headers={"If-None-Match": given})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    other = await console.get(path, headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


async def test_head_answers_without_a_body(console: httpx.AsyncClient) -> None:
    answer = await console.head("/")
    assert answer.status_code == 200
    assert answer.content == b""


@pytest.mark.parametrize(
    "path",
    [
        "/index.html",
        "/assets/",
        "/assets",
        "/assets/../app.py",
        "/assets/%2e%2e/%2e%2e/app.py",
        "/..%2fapp.py",
        "//etc/passwd",
        "/%00",
        "/assets/main.js%00",
        "/favicon.ico",
        "/assets/main.js/",
        "/%F0%9F%98%80",
    ],
)
async def test_only_the_files_of_the_page_are_there(console: httpx.AsyncClient, path: str) -> None:
    answer = await console.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "Not found"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_the_page_can_only_be_read(console: httpx.AsyncClient, method: str) -> None:
    answer = await console.request(method, "/")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert answer.json()["status"] == 405


async def test_what_is_not_there_cannot_be_changed_either(console: httpx.AsyncClient) -> None:
    assert (await console.post("/nosuch/v1/things")).status_code == 404
