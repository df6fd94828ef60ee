"""Commands that speak to a running system, and those that need none."""

import json
import signal
from pathlib import Path

import jwt
import pytest

from tests.common.cli.processes import Up, mediaops, up

pytestmark = pytest.mark.slow


def test_a_token_is_the_last_line_and_holds(system: Up) -> None:
    made = mediaops(
        "token", "create", "--data", system.data, "--workspace", "default", "--role", "analyst",
        "--subject", "wang", "--days", 2,
    )  # fmt: skip
    assert made.returncode == 0
    token = made.stdout.strip().splitlines()[-1]
    assert made.stdout.strip() == token
    status, me = system.get("/ingest/v1/me", token)
    assert (status, me["role"], me["subject"]) == (200, "analyst", "wang")


def test_a_frozen_clock_counts_for_tokens_too(system: Up) -> None:
    made = mediaops(
        "token", "create", "--data", system.data, "--workspace", "default", "--role", "owner",
        MEDIAOPS_CLOCK="1760000000",
    )  # fmt: skip
    token = made.stdout.strip()
    assert jwt.decode(token, options={"verify_signature": False})["iat"] == 1_760_000_000
    assert system.get("/ingest/v1/me", token)[0] == 401


def test_a_partners_token_names_its_sources(system: Up) -> None:
    source = "0b6f3a5e-7f57-4a86-8a52-1df7d7f0d0a1"
    options = ["--data", system.data, "--workspace", "default", "--role", "partner"]
    assert mediaops("token", "create", *options).returncode == 1
    made = mediaops("token", "create", *options, "--source", source)
    assert system.get("/ingest/v1/me", made.stdout.strip())[1]["sources"] == [source]
    assert mediaops("token", "create", *options, "--source", "x").returncode == 2


def test_a_token_of_no_role_or_without_keys_is_not_made(system: Up, tmp_path: Path) -> None:
    refused = mediaops(
        "token", "create", "--data", system.data, "--workspace", "default", "--role", "king"
    )
    assert refused.returncode == 1
    assert "owner" in refused.stderr
    refused = mediaops(
        "token", "create", "--data", tmp_path, "--workspace", "default", "--role", "owner"
    )
    assert refused.returncode == 1
    assert "mediaops up" in refused.stderr
    assert refused.stdout == ""
    for options in (["--workspace", ""], ["--workspace", "default", "--subject", "x" * 201]):
        refused = mediaops("token", "create", "--data", system.data, "--role", "owner", *options)
        assert refused.returncode == 1
        assert "printable characters" in refused.stderr


def test_a_revoked_token_is_refused_within_seconds(system: Up) -> None:
    import time

    token = mediaops(
        "token", "create", "--data", system.data, "--workspace", "default", "--role", "owner"
    ).stdout.strip()
    assert system.get("/ingest/v1/me", token)[0] == 200
    revoked = mediaops("token", "revoke", token, "--data", system.data, "--json")
    assert json.loads(revoked.stdout)["revoked"]
    deadline = time.monotonic() + 30
    while system.get("/ingest/v1/me", token)[0] != 401:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert mediaops("token", "revoke", "a b", "--data", system.data).returncode == 1


def test_another_link_signs_in(system: Up) -> None:
    printed = mediaops("link", "--data", system.data).stdout.strip()
    url, _, token = printed.partition("/#token=")
    assert url == system.url
    assert system.get("/ingest/v1/me", token)[1]["role"] == "owner"
    as_json = json.loads(mediaops("link", "--data", system.data, "--json").stdout)
    assert as_json["url"].startswith(system.url)


def test_a_link_that_lets_nobody_in_is_not_printed(system: Up, tmp_path: Path) -> None:
    for command in (["link"], ["adapters"]):
        refused = mediaops(*command, "--data", system.data, "--workspace", "nowhere")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "no workspace nowhere" in refused.stderr
    with up(tmp_path) as other:
        refused = mediaops("link", "--data", system.data, "--url", other.url)
        assert refused.returncode == 1
        assert "keys" in refused.stderr
        other.end(signal.SIGKILL)
    refused = mediaops("link", "--data", tmp_path)
    assert refused.returncode == 1
    assert "nothing answers" in refused.stderr


def test_a_workspace_is_made_once(system: Up) -> None:
    options = ["--data", system.data, "--timezone", "UTC", "--json"]
    made = mediaops("workspace", "create", "second", *options)
    assert json.loads(made.stdout)["timezone"] == "UTC"
    again = mediaops("workspace", "create", "second", *options)
    assert again.returncode == 1
    assert "second" in again.stderr
    token = mediaops(
        "token", "create", "--data", system.data, "--workspace", "second", "--role", "owner"
    ).stdout.strip()
    assert system.get("/ingest/v1/me", token)[1]["workspace"] == "second"


def test_url_and_token_may_come_from_the_environment(system: Up, tmp_path: Path) -> None:
    found = mediaops(
        "adapters", "--json", "--data", tmp_path,
        MEDIAOPS_URL=system.url, MEDIAOPS_TOKEN=system.token,
    )  # fmt: skip
    assert {"standard-webhooks", "douyin-open"} <= {
        item["name"] for item in json.loads(found.stdout)
    }


def test_one_adapter_is_shown_whole(system: Up) -> None:
    shown = mediaops("adapters", "kuaishou", "--data", system.data)
    assert shown.returncode == 0, shown.stderr
    meaning = "UN_AUTHORIZE: account.deauthorized"
    for said in ("app_secret", "issued", "kwaisign", meaning, "message_id"):
        assert said in shown.stdout
    missing = mediaops("adapters", "myspace", "--data", system.data)
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "myspace" in missing.stderr


def test_a_wrong_token_is_said_in_one_line(system: Up) -> None:
    refused = mediaops("adapters", "--url", system.url, "--token", "x")
    assert refused.returncode == 1
    assert "token" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_audit_of_a_new_system_leaves_nothing_over(system: Up) -> None:
    found = mediaops("audit", "--data", system.data, "--wait", 5, "--json")
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["residual"] == 0
    assert "residual 0" in mediaops("audit", "--data", system.data).stdout


def test_only_projections_are_rebuilt(system: Up) -> None:
    refused = mediaops("rebuild", "ingest", "--data", system.data)
    assert refused.returncode == 2
    assert "'crm', 'insights'" in refused.stderr


def test_nothing_is_parked_in_a_new_system(system: Up) -> None:
    assert json.loads(mediaops("parked", "list", "--data", system.data, "--json").stdout) == []
    assert mediaops("parked", "retry", "--data", system.data).returncode == 1
    assert mediaops("parked", "retry", "--all", "--data", system.data).returncode == 0


def test_the_archive_is_sent_again_from_a_moment_on(system: Up) -> None:
    sent = mediaops("ingest", "republish", "--since", "2026-01-01T00:00:00Z", "--data", system.data)
    assert sent.returncode == 0, sent.stderr
    assert "shards go back" in sent.stdout
    refused = mediaops("ingest", "republish", "--since", "yesterday", "--data", system.data)
    assert refused.returncode == 1
    assert "since" in refused.stderr


def test_the_doctor_finds_a_sound_system_sound_and_names_repairs(
    system: Up, tmp_path: Path
) -> None:
    found = json.loads(mediaops("doctor", "--data", system.data, "--json").stdout)
    assert all(finding["ok"] for finding in found if finding["check"] not in MISSING)
    assert "ingest" in {finding["check"] for finding in found}
    (tmp_path / "keys").mkdir()
    sick = mediaops("doctor", "--data", tmp_path)
    assert sick.returncode == 1
    assert "backup" in sick.stdout


MISSING = {"content", "crm", "insights"}
"""Services that the system of these tests does not run."""


def test_without_a_running_system_it_is_said_where_one_was_looked_for(tmp_path: Path) -> None:
    refused = mediaops("adapters", "--data", tmp_path)
    assert refused.returncode == 1
    assert str(tmp_path) in refused.stderr
    refused = mediaops("adapters", "--url", "http://127.0.0.1:1", "--token", "x")
    assert "nothing answers at http://127.0.0.1:1" in refused.stderr


def test_databases_are_migrated_without_a_server(tmp_path: Path) -> None:
    done = mediaops("migrate", "ingest", "--data", tmp_path, "--json")
    assert json.loads(done.stdout) == {"migrated": ["ingest"], "newer": []}
    assert (tmp_path / "ingest.db").exists()
    assert mediaops("migrate", "nobody", "--data", tmp_path).returncode == 1
