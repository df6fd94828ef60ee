"""Clients from npm that nobody here wrote talk to a running server."""

import asyncio
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.clients.reading import kept_types
from tests.ingest.platforms.signers import WECHAT
from tests.ingest.running import serving

pytestmark = pytest.mark.nightly

HERE = Path(__file__).parent / "node"
SECONDS = 300
OFFLINE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH")
"""What npm says where it reaches no registry; whatever else it says is a failure."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the pinned packages."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("The clients in Node were left out: install node and npm (Debian: nodejs npm)")
    folder = tmp_path_factory.mktemp("node")
    for path in HERE.iterdir():
        shutil.copy(path, folder)
    command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode != 0 and any(code in done.stderr for code in OFFLINE):
        pytest.skip(
            "The clients in Node were left out: run where npm reaches a registry for their packages"
        )
    assert done.returncode == 0, done.stderr
    return folder


def send(folder: Path, library: str, source: dict[str, Any], now: int) -> list[str]:
    """What the client heard, a line each."""
    secrets = WECHAT if library == "wecom" else source["secrets"]
    command = ["node", "send.js", library, source["hook_url"], str(now), json.dumps(secrets)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


CASES: dict[str, tuple[str, list[str], list[str]]] = {
    "standardwebhooks": ("standard-webhooks", ["202", "401"], ["like.created"]),
    "cloudevents": ("cloudevents", ["202", "202"], ["like.created", "like.created"]),
    "segment": (
        "segment-rudder",
        ["sent"],
        [
            "profile.aliased",
            "profile.grouped",
            "profile.identified",
            "view.recorded",
            "view.recorded",
            "view.recorded",
        ],
    ),
    "matomo": ("matomo", [], ["track.media.play", "view.recorded", "view.recorded"]),
}


@pytest.mark.parametrize("library", CASES)
async def test_what_a_client_sends_is_kept_and_answered_as_it_expects(
    tmp_path, backend, installed, library
):
    adapter, heard, types = CASES[library]
    async with serving(tmp_path, backend) as ingest:
        source = await ingest.add_source(adapter=adapter)
        now = int(ingest.clock.now().timestamp())
        assert await asyncio.to_thread(send, installed, library, source, now) == heard
        assert await kept_types(ingest) == types


async def test_wecom_crypto_encrypts_for_us(tmp_path, backend, installed):
    async with serving(tmp_path, backend) as ingest:
        source = await ingest.add_source(adapter="wechat-oa", secrets=WECHAT)
        now = int(ingest.clock.now().timestamp())
        assert await asyncio.to_thread(send, installed, "wecom", source, now) == ["200"]
        assert len(await ingest.logged()) == 1
