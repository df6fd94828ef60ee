"""`mediaops topics`: what it says of topics that are there already."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from mediaops_common.cli import topics as command
from mediaops_common.settings import Settings

from tests.common.cli.processes import mediaops


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """What the command prints of a topic with these partitions and days, as a pair of texts."""

    def tell(partitions: int, days: float | None) -> tuple[str, str]:
        async def made(_settings: Settings) -> Sequence[dict[str, Any]]:
            return [{"topic": "mediaops.crm", "partitions": partitions, "retention_days": days}]

        monkeypatch.setattr(command, "_make", made)
        command.topics(bus_url=None)
        return capsys.readouterr()

    return tell


@pytest.mark.parametrize(("wanted", "times"), [("16", 1), ("8", 0), ("", 0)])
def test_a_topic_with_other_partitions_than_the_settings_is_told(
    wanted: str, times: int, told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDIAOPS_BUS_PARTITIONS", wanted)
    out, err = told(8, 7.0)
    assert out.split()[-3:] == ["mediaops.crm", "8", "7.0"]
    assert err.count(f"mediaops.crm has 8 partitions, not {wanted}") == times


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (7.0, ""),
        (0.5, "mediaops.crm keeps records for 0.5 days, not for 7 days"),
        (None, "mediaops.crm keeps records for ever, not for 7 days"),
    ],
)
def test_a_topic_that_keeps_for_another_time_is_told(days: float | None, said: str, told) -> None:
    _out, err = told(8, days)
    assert err.partition(":")[0] == said


def test_what_a_command_logs_is_not_in_its_answer() -> None:
    done = mediaops("topics", "--json", MEDIAOPS_BUS_URL="kafka://127.0.0.1:1")
    assert (done.returncode, done.stdout) == (1, "")
    *logged, said = done.stderr.splitlines()
    assert "brokers_not_seen" in [json.loads(line)["event"] for line in logged]
    assert said.startswith("no broker answers at 127.0.0.1:1")
