"""What a failed proof costs, whichever scheme it is of."""

from typing import Any

import pytest
from mediaops_ingest.platforms.registry import ADAPTERS

from tests.ingest.platforms.international_signers import SECRETS, an_example

PROVED = [scheme for scheme in SECRETS if ADAPTERS[scheme].declaration.proofs]


async def test_a_failed_proof_of_any_scheme_reads_and_writes_nothing(
    ingest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = await ingest.add_channel()
    sources = {
        scheme: await ingest.add_source(channel, adapter=scheme, secrets=SECRETS[scheme])
        for scheme in PROVED
    }

    async def knock(scheme: str) -> tuple[int, bytes]:
        path = an_example(scheme).path
        below = f"/{path}" if path else ""
        answer = await ingest.knock(sources[scheme], content=b"{}", below=below)
        return answer.status_code, answer.content

    # Until it has seen what the sources changed, the follower forgets once more.
    await ingest.runtime.state["door_cache"]._look()
    first = {scheme: await knock(scheme) for scheme in PROVED}

    def refuse() -> None:
        raise AssertionError("the database was asked")

    monkeypatch.setattr(ingest.runtime.database, "read", refuse)
    monkeypatch.setattr(ingest.runtime.database, "write", refuse)
    for scheme in PROVED:
        assert await knock(scheme) == first[scheme], scheme
    # Only WebSub prescribes another answer: a success, and the push is dropped.
    assert first.pop("youtube-websub") == (204, b"")
    assert len(set(first.values())) == 1
    assert first["github"][0] == 401
    assert await ingest.logged() == []


async def test_a_refusal_at_a_handshake_has_the_status_that_its_scheme_prescribes(ingest: Any):
    meta = await ingest.add_source(adapter="meta-graph", secrets=SECRETS["meta-graph"])
    asked = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": "wrong"}
    answer = await ingest.knock(meta, "GET", params=asked)
    assert (answer.status_code, answer.json()["status"]) == (403, 403)
    hub = await ingest.add_source(adapter="youtube-websub", secrets=SECRETS["youtube-websub"])
    asked = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.topic": "https://other"}
    assert (await ingest.knock(hub, "GET", params=asked)).status_code == 404
    assert await ingest.logged() == []


async def test_gzip_is_read_where_a_scheme_says_so_and_only_once(ingest: Any):
    source = await ingest.add_source(adapter="segment-rudder", secrets=SECRETS["segment-rudder"])
    example = an_example("segment-rudder")
    headers = [(name.decode(), value.decode()) for name, value in example.headers]
    for codings, status in ((["br"], 415), (["gzip", "gzip"], 415), (["gzip"], 400)):
        more = [("content-encoding", coding) for coding in codings]
        answer = await ingest.knock(
            source, content=example.body, below="/v1/batch", headers=headers + more
        )
        assert answer.status_code == status, codings
    answer = await ingest.knock(source, content=example.body, below="/v1/other", headers=headers)
    assert answer.status_code == 404
