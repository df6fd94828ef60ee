"""What every test of the stream needs."""

import pytest
from mediaops_insights.stream import api


@pytest.fixture(autouse=True)
def look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever hangs up is noticed at once, so that no test waits for it."""
    monkeypatch.setattr(api, "LOOK_SECONDS", 0.05)
