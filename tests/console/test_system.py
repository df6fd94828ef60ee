"""The page before a real system: what an operator does on the first day."""

import asyncio
import os
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.console.backend import Backend
from tests.console.conftest import Tabs
from tests.system.running import MEDIAOPS, System, new_system

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest_asyncio.fixture(loop_scope="module")
async def system(tmp_path: Path, runtime: str) -> AsyncIterator[System]:
    system = await asyncio.to_thread(new_system, tmp_path, runtime)
    try:
        await asyncio.to_thread(system.start)
        yield system
    finally:
        system.close()


async def _sign_in(tabs: Tabs, system: System) -> Page:
    at = Backend()
    at.address = system.url
    page = (await tabs.open(at)).page
    await page.goto(await asyncio.to_thread(system.command, "link", "--data", str(system.data)))
    return page


def _run_lines(lines: str, system: System, folder: Path) -> str:
    """Runs what the page shows in a folder whose `./run` is this checkout's."""
    launcher = folder / "run"
    launcher.write_text(f'#!/bin/sh\nexec "{MEDIAOPS}" "$@"\n')
    launcher.chmod(0o755)
    done = subprocess.run(
        ["sh", "-eu"],
        input=lines,
        cwd=folder,
        env={**os.environ, "MEDIAOPS_DATA": str(system.data)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def _send(page: Page, place: int, system: System, folder: Path) -> str:
    lines = await page.locator("#lines-body pre").nth(place).inner_text()
    return await asyncio.to_thread(_run_lines, lines, system, folder)


async def test_an_operator_connects_an_account_and_sees_it_count(
    tabs: Tabs, system: System, tmp_path: Path
) -> None:
    page = await _sign_in(tabs, system)
    await expect(page.locator(".pill.ready")).to_have_count(4)
    await expect(page.locator("#next-title")).to_have_text("Connect your first account")
    await page.get_by_label("Name", exact=True).fill("<b>官方 & Co</b>")
    await page.get_by_role("combobox", name="Platform").fill("site")
    await page.get_by_label("Account id on the platform").fill("example.com")
    await page.get_by_role("button", name="Make it").click()
    made = page.locator("#connect-result")
    await expect(made).to_contain_text(f"{system.url}/ingest/hooks/")
    await expect(made).to_contain_text("whsec_")
    await made.get_by_role("button", name="Send a test webhook").click()
    await expect(made).to_contain_text("Answered 2")
    await expect(page.locator("#deliveries tbody tr")).to_have_count(1)
    await expect(page.locator("#deliveries .verdict")).to_have_text("done")

    await expect(page.locator("#live-state")).to_have_text("live")
    assert '"accepted":1' in await _send(page, 0, system, tmp_path)
    assert re.fullmatch(r"2\d\d", (await _send(page, 1, system, tmp_path)).split()[-1])
    activities = page.locator("[data-tile=activities] .number")
    await expect(activities).to_have_text("2")
    chart = page.get_by_role("img", name="Activities:")
    await expect(chart).to_have_accessible_name(re.compile("2 in the last 60 minutes"))
    await expect(page.locator("[data-tile=people] .number")).to_have_text("1")

    system.kill()
    await expect(page.locator("#live-state")).to_contain_text("interrupted")
    await asyncio.to_thread(system.start)
    await expect(page.locator("#live-state")).to_have_text("live")
    assert '"accepted":1' in await _send(page, 0, system, tmp_path)
    await expect(chart).to_have_accessible_name(re.compile("3 in the last 60 minutes"))
    await expect(activities).to_have_text("3")
