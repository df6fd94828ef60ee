"""What holds for each international scheme."""

import pytest
from mediaops_ingest.platforms.identity import canonical_digest
from mediaops_ingest.platforms.port import (
    Unmapped,
    Verified,
)
from mediaops_ingest.platforms.registry import ADAPTERS

from tests.ingest.platforms.examples import a_context
from tests.ingest.platforms.international_signers import (
    INTERNATIONAL,
    NOW,
    SECRETS,
    an_example,
)
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
