"""The lines that the page prints for a shell, run in a shell."""

import asyncio
import base64
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.console.backend import TOKEN, Backend
from tests.console.conftest import Tabs

TOOLS = ("sh", "curl", "openssl", "od")
MISSING = [tool for tool in TOOLS if shutil.which(tool) is None]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(
        bool(MISSING),
        reason=f"The lines that the page prints were left out: install {', '.join(MISSING)}",
    ),
]


async def _run(lines: str, folder: Path) -> str:
    """What the lines print in a plain shell that stops at the first error."""
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-eu",
        "-c",
        lines,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "no_proxy": "*"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, errors.decode()
    return out.decode()


@pytest_asyncio.fixture(loop_scope="module")
async def page(tabs: Tabs, fresh: Backend) -> Page:
    return await (await tabs.open(fresh)).visit()


async def _lines(page: Page, name: str, values: dict[str, Any]) -> str:
    made: str = await page.evaluate(
        f"(values) => import('/assets/lines.js').then((module) => module.{name}(values))", values
    )
    return made


async def test_the_signed_line_of_a_new_source_is_accepted_as_it_stands(
    page: Page, fresh: Backend, tmp_path: Path
) -> None:
    await page.get_by_label("Name", exact=True).fill("Our site")
    await page.get_by_role("combobox", name="Platform").fill("site")
    await page.get_by_label("Account id on the platform").fill("example.com")
    await page.get_by_role("button", name="Make it").click()
    lines = page.locator(".lines", has_text="Send a signed webhook").locator("pre")
    await expect(lines).to_contain_text("whsec_M")

    printed = await _run(await lines.inner_text(), tmp_path)

    assert printed.strip().endswith("204")
    assert fresh.arrived[0]["type"] == "view.recorded"
    assert fresh.arrived[0]["data"]["actor"] == {"external_id": "reader-1"}


@pytest.mark.parametrize("size", [24, 31, 32, 64])
async def test_secrets_of_every_length_and_letter_sign_well(
    page: Page, fresh: Backend, tmp_path: Path, size: int
) -> None:
    # Bytes that begin with 0, hold line ends, and give + / = in base64.
    raw = (b"\x00\x0a\xfb\xff\xbf\x0d" * 11)[:size]
    fresh.secret = f"whsec_{base64.b64encode(raw).decode()}"
    values = {"hookUrl": f"{fresh.address}/ingest/hooks/k", "secret": fresh.secret}
    printed = await _run(await _lines(page, "hookLines", values), tmp_path)
    assert printed.strip().endswith("204")


async def test_a_wrong_secret_is_refused_so_the_check_means_something(
    page: Page, fresh: Backend, tmp_path: Path
) -> None:
    values = {"hookUrl": f"{fresh.address}/ingest/hooks/k", "secret": "whsec_bm90IHRoZSBvbmU="}
    printed = await _run(await _lines(page, "hookLines", values), tmp_path)
    assert printed.strip().endswith("401")
    assert fresh.arrived == []


async def test_the_line_for_an_activity_posts_one(
    page: Page, fresh: Backend, tmp_path: Path
) -> None:
    launcher = tmp_path / "run"
    launcher.write_text(f"#!/bin/sh\necho installing >&2\necho '# made'\necho {TOKEN}\n")
    launcher.chmod(0o755)
    values = {"origin": fresh.address, "workspace": "acme", "channelId": "channel-1"}
    printed = await _run(await _lines(page, "activityLines", values), tmp_path)
    assert '"accepted":1' in printed
    ((activity,),) = fresh.arrived
    assert activity["channel_id"] == "channel-1"
    assert activity["type"] == "like.created"
    assert activity["occurred_at"].endswith("Z")


async def test_nothing_in_a_name_becomes_a_command(
    page: Page, fresh: Backend, tmp_path: Path
) -> None:
    nasty = "a'; touch broken; echo '$(touch broken)`touch broken`\\"
    line: str = await page.evaluate(
        "(text) => import('/assets/lines.js').then((module) => module.quoted(text))", nasty
    )
    assert await _run(f"printf %s {line}", tmp_path) == nasty
    assert list(tmp_path.iterdir()) == []
