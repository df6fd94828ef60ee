"""The programs of the partners' guide run as they stand there, and their effect is seen."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.ingest.clients.reading import kept_types
from tests.ingest.running import serving

pytestmark = pytest.mark.slow

GUIDE = (Path(__file__).parents[3] / "docs" / "guides" / "first-webhook.md").read_text()
PROGRAMS = dict(re.findall(r"<!-- example: ([\w.]+) -->\n```\w+\n(.*?)```", GUIDE, re.DOTALL))
TOOLS = {
    "first_webhook.py": [sys.executable],
    "first_webhook.mjs": ["node"],
    "first_webhook.sh": ["sh"],
    "look.sh": ["sh"],
}
NEEDED = {"sh": ("curl", "openssl", "od")}


def run(folder: Path, name: str, **environment: str) -> str:
    """What the program prints; it must succeed."""
    command = TOOLS[name]
    missing = [one for one in (*command, *NEEDED.get(command[0], ())) if shutil.which(one) is None]
    if missing:
        pytest.skip(f"A program of the guide was left out: install {', '.join(missing)}")
    program = folder / name
    program.write_text(PROGRAMS[name])
    done = subprocess.run(
        [*command, str(program)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def send(folder: Path, ingest: Any, source: dict[str, Any], name: str) -> str:
    # The programs sign with the real time.
    ingest.clock.moment = datetime.now(UTC)
    secret = source["secrets"]["secret"]
    printed = await asyncio.to_thread(run, folder, name, HOOK_URL=source["hook_url"], SECRET=secret)
    return printed.strip()


@pytest.mark.parametrize("name", [name for name in TOOLS if name.startswith("first")])
async def test_a_program_of_the_guide_sends_an_event_that_is_kept(tmp_path, backend, name):
    async with serving(tmp_path, backend) as ingest:
        source = await ingest.add_source()
        assert await send(tmp_path, ingest, source, name) == "202"
        assert await kept_types(ingest) == ["view.recorded"]


async def test_the_partners_token_shows_its_own_source_and_no_other(tmp_path, backend):
    async with serving(tmp_path, backend) as ingest:
        source, other = await ingest.add_source(), await ingest.add_source()
        await send(tmp_path, ingest, other, "first_webhook.py")
        await send(tmp_path, ingest, source, "first_webhook.py")
        bearer = ingest.bearer(role="partner", sources=[UUID(source["id"])])
        token = bearer["Authorization"].removeprefix("Bearer ")
        printed = await asyncio.to_thread(
            run, tmp_path, "look.sh", HOOK_URL=source["hook_url"], TOKEN=token
        )
        decoder, answers = json.JSONDecoder(), []
        while printed := printed.lstrip():
            answer, end = decoder.raw_decode(printed)
            answers.append(answer["items"])
            printed = printed[end:]
        sources, deliveries, quality = answers
        assert [one["id"] for one in sources] == [source["id"]]
        assert {one["source_id"] for one in deliveries} == {source["id"]}
        assert {row["source_id"] for row in quality} == {source["id"]}
        assert sum(row["received"] for row in quality) == 1
