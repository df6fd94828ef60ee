"""`mediaops audit` sends its reports in parts: the counters stay for ever, a body has a limit."""

import json
from itertools import pairwise

import pytest
from mediaops_common.cli import audit, connection

DAYS = [20_000 + number for number in range(7)]


class FakeSystem:
    def __init__(self) -> None:
        self.asked: list[dict] = []

    def get(self, path: str) -> dict:
        return {"pending": 0}

    def find(self, path: str) -> dict:
        rows = [{"source_id": source, "day": day} for day in DAYS for source in ("a", "b")]
        return {"groups": [{"group": path.split("/")[1], "topics": [], "rows": rows}]}

    def post(self, path: str, body: dict) -> dict:
        self.asked.append(body)
        days = sorted({row["day"] for group in body["groups"] for row in group["rows"]})
        return {"residual": 0, "in_flight": 0, "received": len(days), "items": days}


@pytest.mark.parametrize(("rows", "parts"), [(1_000, 1), (8, 4), (1, 7)])
def test_every_day_is_compared_once_however_many_rows_there_are(
    rows, parts, monkeypatch, capsys, tmp_path
) -> None:
    system = FakeSystem()
    monkeypatch.setattr(connection, "connect", lambda *_, **__: system)
    monkeypatch.setattr(audit, "ROWS", rows)
    audit.audit(data=tmp_path, as_json=True, wait=0)
    found = json.loads(capsys.readouterr().out)
    assert (found["items"], found["received"], found["pending"]) == (DAYS, 7, 0)
    assert len(system.asked) == parts
    spans = [(body["first_day"], body["last_day"]) for body in system.asked]
    assert (spans[0][0], spans[-1][1]) == (None, None)
    assert all(end + 1 == start for (_, end), (start, _) in pairwise(spans))
