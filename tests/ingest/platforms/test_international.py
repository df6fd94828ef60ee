"""What holds for each international scheme."""

import gzip
from contextlib import suppress

import pytest
from hypothesis import strategies as st
from mediaops_ingest.platforms.identity import canonical_digest
from mediaops_ingest.platforms.port import (
    ItemFailed,
    Request,
    Unmapped,
    Unreadable,
    Verdict,
    Verified,
)
from mediaops_ingest.platforms.registry import ADAPTERS

from tests.ingest.counts import counts, over
from tests.ingest.platforms.examples import a_context
from tests.ingest.platforms.international_signers import (
    INTERNATIONAL,
    NOW,
    SECRETS,
    a_push,
    an_example,
)
from tests.ingest.platforms.nonsense import NONSENSE
from tests.ingest.platforms.trying import items, verify

SCHEMES = [case[0] for case in INTERNATIONAL]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_sample_is_accepted_and_counts_nothing(scheme: str):
    adapter = ADAPTERS[scheme]
    settled = adapter.declaration.settle(SECRETS[scheme], {})
    sample = adapter.sample(settled.secrets, settled.config, now=NOW, unique="u" * 32)
    if scheme == "discord":
        assert sample is None
        return
    assert sample is not None
    assert isinstance(verify(scheme, sample), Verified)
    found = [adapter.normalise(item, a_context(received_at=NOW)) for item in items(scheme, sample)]
    assert found
    assert all(isinstance(one, Unmapped) for drafts in found for one in drafts)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_repeat_has_the_same_key_and_digest(scheme: str):
    first, second = (items(scheme, an_example(scheme)) for _ in range(2))
    assert [one.dedup_key for one in first] == [one.dedup_key for one in second]
    assert [canonical_digest(one) for one in first] == [canonical_digest(one) for one in second]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_each_live_secret_proves_and_the_position_is_told(scheme: str):
    adapter = ADAPTERS[scheme]
    if not adapter.declaration.proofs:
        return
    new = {
        "discord": {"public_key_hex": "ab" * 32},
        "svix": {"secret": "whsec_bmV3"},
        "telegram": {"secret_token": "new"},
    }.get(scheme) or {name: "new" for name in SECRETS[scheme]}
    settled = adapter.declaration.settle(SECRETS[scheme], {})
    if scheme == "discord":
        new = {"public_key_hex": "34a41eec751f86f2ce56b4653f7379f85b9834d0504db74333fbed5c7114013c"}
    new = {name: value for name, value in new.items() if name != "expected_topics"}
    verifier = adapter.prepare([new, settled.secrets], settled.config)
    assert verifier.verify(an_example(scheme)) == Verified(1)


def use(scheme: str, request: Request) -> Verdict:
    """The whole way of a request: nothing but the declared exceptions may come out of it."""
    adapter, secrets = ADAPTERS[scheme], SECRETS[scheme]
    verdict = verify(scheme, request)
    if isinstance(verdict, Verified):
        adapter.prepare([secrets], {}).answer(request, verdict)
        with suppress(Unreadable):
            for item in adapter.split(request, [secrets], {}):
                with suppress(ItemFailed):
                    assert adapter.normalise(item, a_context(received_at=request.now))
    return verdict


@pytest.mark.parametrize("scheme", SCHEMES)
def test_rightly_signed_nonsense_never_raises(scheme: str):
    path = an_example(scheme).path
    for body in NONSENSE:
        for content_type in ("application/json", "application/x-www-form-urlencoded", "text/xml"):
            use(scheme, a_push(scheme, body, path=path, content_type=content_type))


@counts(15, 1_000)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_any_rightly_signed_bytes_never_raise(scheme: str, count: int):
    path = an_example(scheme).path

    @over(count, st.data())
    def _(data: st.DataObject) -> None:
        raw = data.draw(st.binary(max_size=80))
        coding = data.draw(st.sampled_from(["identity", "gzip"]))
        packed = gzip.compress(raw) if data.draw(st.booleans()) else raw
        query = {data.draw(st.text(max_size=5)): data.draw(st.text(max_size=5))}
        use(scheme, a_push(scheme, packed, path=path, content_encoding=coding, query=query))
