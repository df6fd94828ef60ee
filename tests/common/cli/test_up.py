"""`mediaops up`: start, link, lock, end."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mediaops_common.cli.data_dir import owned

from tests.common.cli.processes import MEDIAOPS, environment, mediaops, up, wait_until_gone

pytestmark = pytest.mark.slow


def test_the_printed_link_works_the_moment_it_is_printed_and_the_process_is_small(
    tmp_path: Path,
) -> None:
    with up(tmp_path / "data") as running:
        status, me = running.get("/ingest/v1/me")
        assert status == 200
        assert (me["workspace"], me["role"]) == ("default", "owner")
        assert me["timezone"] == "Asia/Shanghai"
        assert (tmp_path / "data" / "url").read_text().strip() == running.url
        told = Path(f"/proc/{running.process.pid}/status").read_text()
        resident = next(line for line in told.splitlines() if line.startswith("VmRSS"))
        assert int(resident.split()[1]) < 180 * 1024


def test_it_ends_with_zero_and_leaves_a_directory_that_starts_again(tmp_path: Path) -> None:
    with up(tmp_path) as first:
        token = first.token
        began = time.monotonic()
        assert first.end() == 0
        assert time.monotonic() - began < 10
    assert not (tmp_path / "url").exists()
    with up(tmp_path) as second:
        # The keys are the same: tokens of before still hold.
        assert second.get("/ingest/v1/me", token)[0] == 200
        assert second.end(signal.SIGINT) == 0


def test_one_process_owns_a_data_directory(tmp_path: Path) -> None:
    with up(tmp_path) as running:
        for command in (["up", "--port", "0"], ["migrate"]):
            refused = mediaops(*command, "--data", tmp_path)
            assert refused.returncode == 1
            assert f"in use by process {running.process.pid}" in refused.stderr
        running.end(signal.SIGKILL)
        # The lock went with the process, however it ended.
        with owned(tmp_path):
            pass


def test_it_starts_beside_other_files_and_keeps_its_own_to_itself(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "keys").mkdir()
    with up(tmp_path):
        assert (tmp_path / "notes.txt").read_text() == "mine"
        for path in [*tmp_path.glob("*.db"), *(tmp_path / "keys").iterdir()]:
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with up(tmp_path / "one") as running:
        port = running.url.rsplit(":", 1)[1]
        refused = mediaops("up", "--data", tmp_path / "two", "--port", port)
        assert refused.returncode == 1
        assert f"port {port}" in refused.stderr
        assert "--port" in refused.stderr
        assert "Traceback" not in refused.stderr


def test_the_time_zone_of_the_first_workspace_may_be_chosen_and_changed(tmp_path: Path) -> None:
    with up(tmp_path, "--timezone", "Europe/Berlin") as first:
        assert first.get("/ingest/v1/me")[1]["timezone"] == "Europe/Berlin"
        first.end()
    with up(tmp_path, "--timezone", "Asia/Kolkata") as second:
        assert second.get("/ingest/v1/me")[1]["timezone"] == "Asia/Kolkata"


def test_a_wrong_time_zone_is_refused(tmp_path: Path) -> None:
    refused = mediaops("up", "--data", tmp_path, "--timezone", "Mars/Olympus")
    assert refused.returncode == 1
    assert "Mars/Olympus is not a time zone" in refused.stderr


def test_links_begin_with_the_public_url(tmp_path: Path) -> None:
    with up(tmp_path, "--public-url", "https://ops.example/") as running:
        assert running.link.startswith("https://ops.example/#token=")
        another = mediaops("link", "--data", tmp_path).stdout
        assert another.startswith("https://ops.example/#token=")
        # Commands of this machine go to where it listens.
        assert mediaops("adapters", "--data", tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--public-url", "ops.example"], "http://"),
        (["--port", "65536"], "--port"),
        (["--port", "-1"], "--port"),
        (["--host", "no.such.host.invalid"], "no.such.host.invalid"),
    ],
)
def test_an_address_that_cannot_be_is_refused(
    tmp_path: Path, options: list[str], said: str
) -> None:
    refused = mediaops("up", "--data", tmp_path, *options)
    assert refused.returncode in {1, 2}
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("name", "value"), [("MEDIAOPS_INGEST_BACKLOG_CAP", "many"), ("MEDIAOPS_CLOCK", "noon")]
)
def test_a_wrong_setting_is_said_in_one_line(tmp_path: Path, name: str, value: str) -> None:
    refused = mediaops("up", "--data", tmp_path, "--port", "0", **{name: value})
    assert refused.returncode == 1
    assert name in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_data_directory_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/mediaops")):
        refused = mediaops("up", "--data", path, "--port", "0")
        assert refused.returncode == 1
        assert str(path) in refused.stderr
        assert "Traceback" not in refused.stderr


def test_a_frozen_clock_is_refused_in_production(tmp_path: Path) -> None:
    refused = mediaops(
        "up", "--data", tmp_path, MEDIAOPS_PRODUCTION="yes", MEDIAOPS_CLOCK="1760000000"
    )
    assert refused.returncode == 1
    assert "MEDIAOPS_CLOCK" in refused.stderr


def test_production_takes_no_key_from_the_data_directory(tmp_path: Path) -> None:
    refused = mediaops("up", "--data", tmp_path, MEDIAOPS_PRODUCTION="yes")
    assert refused.returncode == 1
    assert "MEDIAOPS_SECRETS_KEY" in refused.stderr
    assert not (tmp_path / "keys" / "secrets.key").exists()


PARENT = """
import asyncio, sys
from mediaops_common.cli.demo import play

async def main():
    print("ready", flush=True)
    await play([sys.executable, "-c", CHILD], asyncio.Event())

CHILD = "import os, time; print(os.getpid(), os.getpgrp(), flush=True); time.sleep(60)"
asyncio.run(main())
"""


def test_the_demonstration_ends_with_its_parent_even_when_that_is_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, env=environment()
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    child, group = map(int, parent.stdout.readline().split())
    assert group == os.getpgrp()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert wait_until_gone(child)


def test_serve_runs_one_service_and_a_worker_has_only_its_health(tmp_path: Path) -> None:
    import socket
    import urllib.request

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [*MEDIAOPS, "serve", "ingest", "--role", "worker"],
        env=environment(MEDIAOPS_DATA=str(tmp_path), MEDIAOPS_HTTP_PORT=str(port)),
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/ingest/health/live") as live:
                    assert live.status == 200
                break
            except OSError:
                assert time.monotonic() < deadline
                assert process.poll() is None
                time.sleep(0.1)
        with pytest.raises(urllib.request.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ingest/v1/channels")
        assert refused.value.code == 404
        refused.value.close()
        hook = f"http://127.0.0.1:{port}/ingest/hooks/{'a' * 32}"
        with pytest.raises(urllib.request.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(hook, data=b"{}", method="POST"))
        with refused.value as answer:  # of no route, and not of the door, which knows no such key
            assert json.loads(answer.read())["title"] == "Not Found"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.wait()
