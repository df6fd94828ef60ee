"""A headless Chromium, or one line that says what to install."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.console.backend import TOKEN, Backend, a_busy_backend, served

# A round of the page is 5 s; health is asked for every 10.
expect.set_options(timeout=60_000)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("The console was left out: install Chromium (Debian: apt-get install chromium)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


@dataclass
class Opened:
    """A tab with the page, and whatever went wrong in it."""

    page: Page
    backend: Backend
    faults: list[str] = field(default_factory=list)

    async def visit(self, fragment: str = f"#token={TOKEN}") -> Page:
        await self.page.goto(f"{self.backend.address}/{fragment}")
        return self.page


class Tabs:
    """Opens tabs that do not know each other."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.opened: list[Opened] = []

    async def open(self, backend: Backend, *, language: str = "en-GB", **more: Any) -> Opened:
        more.setdefault("viewport", {"width": 1280, "height": 900})
        context = await self.browser.new_context(locale=language, **more)
        opened = Opened(await context.new_page(), backend)
        opened.page.on("pageerror", lambda error: opened.faults.append(str(error)))
        opened.page.on("console", lambda message: _note(opened, message.text))
        opened.page.set_default_timeout(10_000)
        self.opened.append(opened)
        return opened


def _note(opened: Opened, text: str) -> None:
    # Chromium reports every refused or failed request itself; the tests provoke some.
    if not text.startswith("Failed to load resource"):
        opened.faults.append(text)


@pytest_asyncio.fixture(loop_scope="module")
async def tabs(chromium: Browser) -> AsyncIterator[Tabs]:
    """Fails the test when a page raised an error or broke the policy."""
    tabs = Tabs(chromium)
    yield tabs
    for opened in tabs.opened:
        await opened.page.context.close()
    assert [fault for opened in tabs.opened for fault in opened.faults] == []


@pytest_asyncio.fixture(loop_scope="module")
async def fresh() -> AsyncIterator[Backend]:
    """An installation to which nothing is connected."""
    async with served(Backend()) as backend:
        yield backend


@pytest_asyncio.fixture(loop_scope="module")
async def busy() -> AsyncIterator[Backend]:
    """An installation that has been at work for a while."""
    async with served(a_busy_backend()) as backend:
        yield backend
