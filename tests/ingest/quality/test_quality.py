"""Quality over HTTP: a row for every day and source, and no answer without a bound."""

from mediaops_ingest.quality import service

from tests.ingest.running import an_activity


async def test_every_source_has_a_row_for_every_day(ingest):
    for _ in range(2):
        channel = await ingest.add_channel()
        await ingest.call("POST", "/activities", [an_activity(channel)])
    found = await ingest.call("GET", "/quality", params={"from": "2026-01-01", "to": "2026-01-03"})
    assert found.status_code == 200
    rows = [(row["day"], row["source_id"]) for row in found.json()["items"]]
    assert [day for day, _source in rows] == [
        day for day in ("2026-01-01", "2026-01-02", "2026-01-03") for _source in range(2)
    ]
    assert len(set(rows)) == 6
    zeros = {"received", "normalised", "pending", "residual"}
    assert all(row[name] == 0 for row in found.json()["items"] for name in zeros)


async def test_an_answer_without_end_is_refused(ingest, monkeypatch):
    channel = await ingest.add_channel()
    await ingest.call("POST", "/activities", [an_activity(channel)])
    monkeypatch.setattr(service, "MOST_ROWS", 2)
    for to, status in (("2026-01-02", 200), ("2026-01-03", 422)):
        answer = await ingest.call("GET", "/quality", params={"from": "2026-01-01", "to": to})
        assert answer.status_code == status
    assert answer.json()["errors"][0]["field"] == "from"
