"""How the page reads server-sent events, piece by piece."""

from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page

from tests.console.backend import Backend
from tests.console.conftest import Tabs

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

READ = """async (pieces) => {
    const { sseReader } = await import("/assets/sse.js");
    const events = [];
    const retries = [];
    const read = sseReader((event) => events.push(event), (ms) => retries.push(ms));
    pieces.forEach(read);
    return { events, retries };
}"""

STREAM = (
    "\ufeff: a comment\nretry: 250\nretry: soon\n\n"
    "id: 1\ndata: one\n\n"
    "event: minute\r\ndata: two\r\ndata:  lines\r\n\r\n"
    "id: a\0b\rdata\rdata:three\r\r"
    "id\ndata: four\n\n"
    "event: nothing\n\n"
    "data: cut off"
)
EXPECTED = [
    {"id": "1", "type": "message", "data": "one"},
    {"id": "1", "type": "minute", "data": "two\n lines"},
    {"id": "1", "type": "message", "data": "\nthree"},
    {"id": "", "type": "message", "data": "four"},
]


@pytest_asyncio.fixture(loop_scope="module")
async def page(tabs: Tabs, fresh: Backend) -> Page:
    return await (await tabs.open(fresh)).visit("")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
async def test_events_are_the_same_wherever_the_pieces_break(page: Page, size: int) -> None:
    pieces = [STREAM[start : start + size] for start in range(0, len(STREAM), size)]
    read: dict[str, Any] = await page.evaluate(READ, pieces)
    assert read == {"events": EXPECTED, "retries": [250]}


async def test_the_axis_ends_at_a_round_number(page: Page) -> None:
    ceilings = await page.evaluate(
        """async () => {
            const { ceiling } = await import("/assets/chart.js");
            return [0, 1, 4, 5, 9, 10, 11, 54, 99, 101, 1234, 98765].map(ceiling);
        }"""
    )
    assert ceilings == [4, 4, 4, 6, 10, 10, 12, 60, 100, 120, 1600, 100000]
