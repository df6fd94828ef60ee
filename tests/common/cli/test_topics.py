"""`mediaops topics`: what it says of topics that are there already."""

from collections.abc import Sequence
from typing import Any

import pytest
from mediaops_common.cli import topics as command


@pytest.mark.parametrize(("wanted", "told"), [("16", 1), ("8", 0), ("", 0)])
def test_a_topic_with_other_partitions_than_the_settings_is_told(
    wanted: str, told: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def made(bus_url: str | None) -> Sequence[dict[str, Any]]:
        return [{"topic": "mediaops.crm", "partitions": 8}]

    monkeypatch.setattr(command, "_make", made)
    monkeypatch.setenv("MEDIAOPS_BUS_PARTITIONS", wanted)
    command.topics(bus_url=None)
    out, err = capsys.readouterr()
    assert out.split()[-2:] == ["mediaops.crm", "8"]
    assert err.count(f"mediaops.crm has 8 partitions, not {wanted}") == told
