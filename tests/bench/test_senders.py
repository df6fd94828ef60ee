"""The senders of the benchmarks: what they write is accepted, understood, and new each time."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from mediaops_bench.company import Company
from mediaops_bench.measures.adapters import a_traffic
from mediaops_bench.senders.registry import SENDERS
from mediaops_bench.senders.sender import Sender, Telling
from mediaops_bench.senders.signed import SIGNED
from mediaops_bench.spine import a_spine
from mediaops_bench.wire import as_sent
from mediaops_ingest.mappings.compiled import compile_mapping
from mediaops_ingest.mappings.interpret import interpret
from mediaops_ingest.platforms.identity import canonical_digest
from mediaops_ingest.platforms.port import ActivityDraft, Item, Request, Verified
from mediaops_ingest.platforms.registry import ADAPTERS, attachable

from tests.ingest.platforms.examples import CHANNEL, a_context

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def written(sender: Sender) -> Request:
    acts = Company([str(CHANNEL)]).acts(str(CHANNEL), sender.items, NOW)
    return sender.write(Telling(acts, uuid4().hex, NOW))


def split(sender: Sender, request: Request) -> list[Item]:
    return ADAPTERS[sender.adapter].split(request, [sender.secrets], sender.config)


@pytest.mark.parametrize("name", SENDERS)
def test_every_act_of_a_sender_becomes_an_activity(name: str) -> None:
    sender = SENDERS[name]
    adapter = ADAPTERS[sender.adapter]
    mapping = compile_mapping(sender.mapping) if sender.mapping else None
    items = split(sender, written(sender))
    assert len(items) == sender.items
    for item in items:
        (draft,) = interpret(adapter, item, a_context(), mapping).drafts
        assert isinstance(draft, ActivityDraft)


@pytest.mark.parametrize("name", SENDERS)
def test_no_request_repeats_another(name: str) -> None:
    sender = SENDERS[name]
    items = [item for _ in range(20) for item in split(sender, written(sender))]
    assert len({item.dedup_key or canonical_digest(item) for item in items}) == len(items)


@pytest.mark.parametrize("name", SIGNED)
def test_what_the_door_is_loaded_with_is_proved(name: str) -> None:
    sender = SIGNED[name]
    verifier = ADAPTERS[sender.adapter].prepare([sender.secrets], sender.config)
    assert isinstance(verifier.verify(written(sender)), Verified)


def test_every_adapter_that_knows_a_meaning_has_a_sender() -> None:
    meaningful = {
        adapter.declaration.name
        for adapter in attachable()
        if set(adapter.declaration.meanings.values()) != {("unmapped",)}
    }
    assert {sender.adapter for sender in SENDERS.values()} == meaningful


def test_a_request_travels_as_it_was_written() -> None:
    request = written(SENDERS["wechat-oa"])
    head, _, body = as_sent("/ingest/hooks/key", request).partition(b"\r\n\r\n")
    first, *headers = head.split(b"\r\n")
    assert first == b"POST /ingest/hooks/key?%b HTTP/1.1" % request.query
    assert f"content-length: {len(body)}".encode() in headers
    assert body == request.body
    assert as_sent("/h", written(SENDERS["matomo"])).startswith(b"POST /h/matomo.php HTTP/1.1\r\n")


async def test_the_normaliser_counts_each_act_once(tmp_path: Path) -> None:
    async with a_spine(tmp_path, 1) as spine:
        names = ["generic", "segment-rudder of 10", "wecom"]
        for name in names:
            traffic = await a_traffic(spine, name, 1)
            sample = await traffic.take(20)
            assert sample["rate"] > 0
        today, day = datetime.now(UTC).date(), timedelta(days=1)
        path = f"/ingest/v1/quality?from={today - day}&to={today + day}"
        rows = (await spine.ingest.call("GET", path))["items"]
    received, normalised = Counter[str](), Counter[str]()
    for row in rows:
        received[row["source_id"]] += row["received"]
        normalised[row["source_id"]] += row["normalised"]
    assert sorted((+normalised).values()) == [20] * len(names)
    assert received == normalised
