"""Keys at rest, and logs that give nothing away."""

import logging
import os
import stat
from pathlib import Path

import pytest
import structlog
from mediaops_common.keys import SecretBox, Unsealable, make_keys, open_keys, open_private_key
from mediaops_common.logs import SECRET_FIELDS, configure_logs
from mediaops_common.settings import KeySettings, LogSettings
from pydantic import SecretStr


def test_keys_are_made_once_and_for_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    make_keys(KeySettings(), folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(before) == {"token-private.pem", "token-public.pem", "secrets.key"}
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    make_keys(KeySettings(), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_lost_public_key_is_made_again_from_the_private(tmp_path: Path) -> None:
    make_keys(KeySettings(), tmp_path)
    public = (tmp_path / "token-public.pem").read_bytes()
    (tmp_path / "token-public.pem").unlink()
    make_keys(KeySettings(), tmp_path)
    assert (tmp_path / "token-public.pem").read_bytes() == public


@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_a_broken_key_is_named(content: bytes, tmp_path: Path) -> None:
    make_keys(KeySettings(), tmp_path)
    (tmp_path / "token-private.pem").write_bytes(content)
    with pytest.raises(SystemExit, match=r"token-private\.pem"):
        open_private_key(KeySettings(), tmp_path)


@pytest.mark.parametrize("key", ["", "c2hvcnQ=", "!!!", "a" * 44])
def test_a_secrets_key_of_another_size_is_refused(key: str, tmp_path: Path) -> None:
    make_keys(KeySettings(), tmp_path)
    with pytest.raises(SystemExit, match="32 bytes"):
        open_keys(KeySettings(secrets_key=SecretStr(key)), tmp_path)


def test_what_is_sealed_opens_only_where_it_belongs() -> None:
    box = SecretBox(os.urandom(32))
    sealed = box.seal(b"whsec_1", b"source 1")
    assert b"whsec" not in sealed
    assert box.open(sealed, b"source 1") == b"whsec_1"
    assert box.seal(b"whsec_1", b"source 1") != sealed
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for wrong, context in (
        (sealed, b"source 2"),
        (changed, b"source 1"),
        (b"", b""),
        (b"\x02", b""),
    ):
        with pytest.raises(Unsealable):
            box.open(wrong, context)


def test_an_older_key_still_opens_and_a_newer_seals() -> None:
    old, new = os.urandom(32), os.urandom(32)
    sealed = SecretBox(old).seal(b"a", b"")
    both = SecretBox(new, old)
    assert both.open(sealed, b"") == b"a"
    assert SecretBox(new).open(both.seal(b"b", b""), b"") == b"b"
    with pytest.raises(Unsealable, match="not among the keys"):
        SecretBox(new).open(sealed, b"")


Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _logs() -> None:
    configure_logs(LogSettings(format="json"))


def test_no_secret_field_reaches_the_log(capsys: Captured) -> None:
    logger = structlog.get_logger("test").bind(**{name: "canary" for name in SECRET_FIELDS})
    logger.warning("something", Authorization="canary", source_id="shown")
    written = capsys.readouterr().err
    assert "canary" not in written
    assert "shown" in written


def test_a_log_line_cannot_be_forged(capsys: Captured) -> None:
    structlog.get_logger("test").warning("refused", name='a"\n{"event": "forged"}')
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_failed_statement_is_logged_without_its_values(capsys: Captured) -> None:
    from sqlalchemy import create_engine, text

    canary = "canary"[::-1]  # so that the line of code in the traceback does not hold it
    engine = create_engine("sqlite://")
    try:
        with engine.connect() as connection:
            connection.execute(text("INSERT INTO nowhere VALUES (:v)"), {"v": canary})
    except Exception:
        logging.getLogger("test").exception("failed")
    engine.dispose()
    written = capsys.readouterr().err
    assert "nowhere" in written
    assert canary not in written
