"""Settings: read once, refused with a sentence, and all of them documented."""

import re
from pathlib import Path

import pytest
from mediaops_common.bus.open import open_bus
from mediaops_common.cli.options import settings_for
from mediaops_common.cli.settings_page import OTHERS, environment_example, groups, settings_page
from mediaops_common.settings import HttpSettings, Settings, StoreSettings

ROOT = Path(__file__).parents[3]


def test_the_page_and_the_example_are_what_the_code_says() -> None:
    again = "write them anew: python -m mediaops_common.cli.settings_page"
    assert (ROOT / "docs" / "settings.md").read_text() == settings_page(), again
    assert (ROOT / ".env.example").read_text() == environment_example(), again


def test_every_variable_in_the_code_is_documented() -> None:
    known = {setting.variable for _, _, settings in groups() for setting in settings} | set(OTHERS)
    code = [*(ROOT / "libs").rglob("*.py"), *(ROOT / "services").rglob("*.py"), ROOT / "run"]
    for path in code:
        for name in re.findall(r"MEDIAOPS_[A-Z_]*[A-Z]\b", path.read_text()):
            prefix = name.endswith("_") or f"{name}_" in path.read_text()
            assert name in known or prefix, f"{name} in {path}"


def test_every_setting_has_a_sentence() -> None:
    for _, _, settings in groups():
        for setting in settings:
            assert len(setting.sentence) > 10, setting.variable


def test_variables_are_read_and_the_command_line_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MEDIAOPS_DATA", "elsewhere")
    monkeypatch.setenv("MEDIAOPS_HTTP_PORT", "9000")
    monkeypatch.setenv("MEDIAOPS_HTTP_CORS_ORIGINS", '["https://a.example"]')
    monkeypatch.setenv("MEDIAOPS_DATABASE_URL", "")
    assert settings_for(None).store.data == Path("elsewhere")
    found = settings_for(tmp_path)
    assert found.store.data == tmp_path
    assert found.http.port == 9000
    assert found.http.cors_origins == ["https://a.example"]
    assert found.store.database_url is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MEDIAOPS_HTTP_PORT", "many"),
        ("MEDIAOPS_HTTP_STOP_SECONDS", "60"),
        ("MEDIAOPS_LOG_LEVEL", "loud"),
        ("MEDIAOPS_PRODUCTION", "perhaps"),
        ("MEDIAOPS_HTTP_TRUSTED_PROXIES", '["*"]'),
        ("MEDIAOPS_PUBLIC_URL", "ops.example"),
        ("MEDIAOPS_DATABASE_URL", "mysql://nowhere"),
        ("MEDIAOPS_BUS_URL", "nowhere"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=name):
        settings_for(None)


@pytest.mark.parametrize(
    "url",
    ["postgresql://me:se:cr@et@one:1,two:2/x", "postgresql://me:secret@host:many/x"],
)
def test_a_database_url_that_cannot_be_read_is_not_shown(url: str) -> None:
    store = StoreSettings(database_url=url, database_owner_url=url)
    for url_of, name in ((store.url_of, "DATABASE_URL"), (store.owner_url_of, "OWNER_URL")):
        with pytest.raises(SystemExit, match=f"{name} cannot be read") as refused:
            url_of("ingest")
        assert "me:" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("kafka://", "MEDIAOPS_BUS_URL"),
        ("kafka://me:secret@host:9092", "MEDIAOPS_BUS_URL"),
        ("kafka://host:many", "MEDIAOPS_BUS_URL"),
        ("kafka://host?colour=red", "cannot set colour"),
        ("kafka://host?password=secret", "cannot set password"),
        ("kafka://host?replication=secret", "replication in the bus URL"),
        ("kafka://host?min_insync=2", "MEDIAOPS_BUS_MIN_INSYNC"),
        ("kafka://host?security=SASL_SSL", "MEDIAOPS_BUS_USERNAME"),
        ("rabbit://host", "begins with sqlite"),
    ],
)
async def test_a_bus_url_that_cannot_be_is_refused_with_a_sentence(url: str, told: str) -> None:
    with pytest.raises(ValueError, match=told) as refused:
        await open_bus(url)
    assert "secret" not in str(refused.value)


def test_production_refuses_to_open_itself_to_every_origin() -> None:
    http = HttpSettings(cors_origins=["*"])
    Settings(http=http)
    with pytest.raises(ValueError, match="CORS"):
        Settings(http=http, store=StoreSettings(production=True))


@pytest.mark.parametrize(
    ("host", "chosen", "is_open"),
    [("127.0.0.1", None, True), ("0.0.0.0", None, False), ("0.0.0.0", True, True)],
)
def test_metrics_are_open_on_loopback_or_when_chosen(
    host: str, chosen: bool | None, is_open: bool
) -> None:
    assert HttpSettings(host=host, open_metrics=chosen).metrics_are_open is is_open
