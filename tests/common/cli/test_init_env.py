"""What `mediaops init-env` writes, and that it overwrites nothing."""

import os
import re
import stat
from pathlib import Path

import jwt
import pytest
from mediaops_common.cli.init_env import init_env
from mediaops_common.cli.token import create_token


def _contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_everything_is_written_for_its_owner_only(tmp_path) -> None:
    init_env(tmp_path)
    written = _contents(tmp_path)
    assert len(written) > 12
    for name in written:
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600, name
    for folder in ("secrets", "secrets/keys", "secrets/databases"):
        assert stat.S_IMODE((tmp_path / folder).stat().st_mode) == 0o700, folder


def test_no_two_installations_and_no_two_roles_share_a_password(tmp_path) -> None:
    passwords = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        init_env(tmp_path / name)
        files = _contents(tmp_path / name / "secrets/databases").values()
        passwords += [*files, (tmp_path / name / "secrets/grafana").read_bytes()]
    assert len(set(passwords)) == len(passwords) == 20
    assert all(len(password) >= 40 for password in passwords)
    environment = (tmp_path / "one/.env").read_bytes()
    assert not any(password in environment for password in passwords)


def test_nothing_is_overwritten(tmp_path) -> None:
    init_env(tmp_path)
    before = _contents(tmp_path)
    with pytest.raises(SystemExit, match=r"\.env is there"):
        init_env(tmp_path, brokers=3)
    assert _contents(tmp_path) == before


def test_what_is_missing_is_added_and_the_rest_kept(tmp_path, capsys) -> None:
    init_env(tmp_path)
    before = _contents(tmp_path)
    lost = ["secrets/grafana", "secrets/keys/token-public.pem", "secrets/databases/crm"]
    for name in lost:
        (tmp_path / name).unlink()
    capsys.readouterr()
    init_env(tmp_path, missing=True)
    told = capsys.readouterr().out
    assert sorted(re.findall(r"wrote .*?/(secrets/.+)", told)) == sorted(lost)
    after = _contents(tmp_path)
    assert {n: v for n, v in after.items() if n not in lost} == {
        n: v for n, v in before.items() if n not in lost
    }
    # The public half belongs to the key that stayed: tokens go on being believed.
    assert after["secrets/keys/token-public.pem"] == before["secrets/keys/token-public.pem"]


def test_a_signing_key_that_is_kept_elsewhere_is_not_made_again(tmp_path) -> None:
    init_env(tmp_path)
    (tmp_path / "secrets/keys/token-private.pem").unlink()
    init_env(tmp_path, missing=True)
    assert not (tmp_path / "secrets/keys/token-private.pem").exists()


def test_the_folder_is_to_commands_what_a_data_directory_is(tmp_path, capsys) -> None:
    init_env(tmp_path, listen="0.0.0.0:8080", public_url="https://x.example")
    data = tmp_path / "secrets"
    create_token("acme", "owner", data)
    token = capsys.readouterr().out.split()[-1]
    key = (data / "keys/token-public.pem").read_bytes()
    assert jwt.decode(token, key, ["EdDSA"], audience="mediaops")["workspace"] == "acme"
    assert (data / "url").read_text().split() == ["http://127.0.0.1:8080", "https://x.example"]


@pytest.mark.parametrize("moved", [[".env"], [".env", "secrets/kafka-cluster"]])
def test_other_settings_leave_keys_and_passwords_as_they_are(tmp_path, moved) -> None:
    init_env(tmp_path)
    before = _contents(tmp_path)
    for name in moved:
        (tmp_path / name).unlink()
    init_env(tmp_path, 3, "[::]:9000", "https://x.example", missing=True)
    after = _contents(tmp_path)
    changed = {name for name, content in after.items() if content != before[name]}
    assert changed == {*moved, "secrets/url"}
    assert b"GATEWAY_LISTEN=[::]:9000\nPUBLIC_URL=https://x.example" in after[".env"]
    assert after["secrets/url"].split() == [b"http://[::1]:9000", b"https://x.example"]
    # Kafka's folder refuses another id than the one that it was made with.
    clusters = [re.findall(b"KAFKA_CLUSTER_ID=(.+)", files[".env"]) for files in (before, after)]
    assert (clusters[0] == clusters[1]) == (moved == [".env"])


def test_what_is_missing_beside_an_env_that_stays_says_what_it_says(tmp_path) -> None:
    init_env(tmp_path, listen="0.0.0.0:9000", public_url="https://x.example")
    before = _contents(tmp_path)
    for name in ("secrets/url", "secrets/kafka-cluster"):
        (tmp_path / name).unlink()
    init_env(tmp_path, missing=True)
    assert _contents(tmp_path) == before


def test_an_env_that_lacks_a_setting_is_completed_and_keeps_what_it_says(tmp_path, capsys) -> None:
    """Such as one that was written by hand, or by a version that knew less."""
    (tmp_path / ".env").write_text(
        "# Ours.\nMEDIAOPS_LOG_LEVEL=debug\nGATEWAY_LISTEN=127.0.0.1:9000"
    )
    with pytest.raises(SystemExit, match=r"\.env is there"):
        init_env(tmp_path)
    init_env(tmp_path, missing=True, public_url="https://x.example")
    assert f"wrote {tmp_path}/.env" in capsys.readouterr().out
    text = (tmp_path / ".env").read_text()
    assert text.startswith("# Ours.\nMEDIAOPS_LOG_LEVEL=debug\nGATEWAY_LISTEN=127.0.0.1:9000\n")
    assert text.count("GATEWAY_LISTEN") == 1
    assert {"PUBLIC_URL=https://x.example", "KAFKA_REPLICATION=1"} < set(text.splitlines())
    told = (tmp_path / "secrets/url").read_text().splitlines()
    assert told == ["http://127.0.0.1:9000", "https://x.example"]
    assert oct((tmp_path / ".env").stat().st_mode & 0o777) == "0o600"
    before = _contents(tmp_path)
    init_env(tmp_path, missing=True)
    assert _contents(tmp_path) == before


def test_what_an_env_lacks_follows_from_what_it_says(tmp_path) -> None:
    init_env(tmp_path, 3, "0.0.0.0:9000", "https://x.example")
    environment, real = tmp_path / ".env", tmp_path / "elsewhere.env"
    whole = environment.read_text()
    for name in ("KAFKA_MIN_INSYNC", "KAFKA_VOTERS", "COMPOSE_PROFILES"):
        lines = [line for line in whole.splitlines() if not line.startswith(f"{name}=")]
        environment.unlink()
        real.write_text("\n".join(lines))
        environment.symlink_to(real)
        if os.geteuid() == 0:
            os.chown(real, 12345, 12345)
        init_env(tmp_path, missing=True)
        assert sorted(environment.read_text().splitlines()) == sorted(whole.splitlines())
        assert environment.is_symlink(), "it stays where it was put"
        assert os.geteuid() != 0 or real.stat().st_uid == 12345
    assert (tmp_path / "secrets/url").read_text().split() == [
        "http://127.0.0.1:9000",
        "https://x.example",
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"brokers": 2}, "--brokers is 1 or 3"),
        ({"listen": "8000"}, "--listen is an address"),
        ({"listen": "127.0.0.1:99999"}, "--listen is an address"),
        ({"listen": "0.0.0.0:8000"}, "say --public-url too"),
        ({"listen": "[::]:8000"}, "say --public-url too"),
        ({"listen": "0.0.0.0:80\nRUN_AS=0:0"}, "--listen is an address"),
        ({"public_url": "ftp://x"}, "MEDIAOPS_PUBLIC_URL"),
        ({"public_url": "http://x/\nRUN_AS=0:0"}, "MEDIAOPS_PUBLIC_URL"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(tmp_path, options, said) -> None:
    with pytest.raises(SystemExit, match=said):
        init_env(tmp_path, **options)
    assert _contents(tmp_path) == {}
