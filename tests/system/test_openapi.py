"""Every operation of ingest's OpenAPI under requests that schemathesis makes up: never a 5xx."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.running import System

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(900)]

SCHEMATHESIS = Path(sys.executable).parent / "schemathesis"


def test_no_operation_of_ingest_fails_whatever_it_is_sent(system: System, tmp_path: Path) -> None:
    channel = system.add_channel()
    source = system.add_source(channel)["id"]
    # Ids that are there, so that what lies behind a look-up is reached too.
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(
        f'[parameters]\n"path.channel_id" = "{channel}"\n"path.source_id" = "{source}"\n'
    )
    command = [
        SCHEMATHESIS, "--config-file", settings, "run", f"{system.url}/ingest/openapi.json",
        "--header", f"Authorization: Bearer {system.token()}",
        "--checks", "not_a_server_error", "--max-examples", "30", "--seed", "7",
        "--request-timeout", "30", "--no-color",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=800)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    assert "Tested: " in done.stdout
