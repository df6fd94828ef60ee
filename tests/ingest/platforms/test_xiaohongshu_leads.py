"""小红书聚光: form leads."""

from datetime import UTC, datetime

import pytest
from mediaops_ingest.platforms.identity import canonical_digest
from mediaops_ingest.platforms.port import ItemFailed, Malformed, Refused, Unmapped, Verified
from mediaops_ingest.platforms.xiaohongshu_leads import XiaohongshuLeads

from tests.ingest.platforms.chinese_signers import LEADS, a_lead, a_leads_push, a_post
from tests.ingest.platforms.examples import a_context, types_of
from tests.ingest.platforms.signers import NOW

adapter = XiaohongshuLeads()
CONTEXT = a_context(platform="xiaohongshu", received_at=NOW)


def verify(request):
    return adapter.prepare([LEADS], {}).verify(request)


def draft_of(request):
    (item,) = adapter.split(request, [], {})
    (draft,) = adapter.normalise(item, CONTEXT)
    return draft


def test_a_lead_is_verified_answered_and_read():
    request = a_lead()
    assert verify(request) == Verified(0)
    assert adapter.prepare([LEADS], {}).answer(request, Verified(0)).status == 200
    draft = draft_of(request)
    assert draft.type == "lead.submitted"
    assert (draft.actor.external_id, draft.actor.name) == ("lead:lead-1", "林")
    assert draft.occurred_at == datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
    assert draft.context == {"leads_id": "lead-1", "campaign_name": "秋季拉新"}


def test_the_answers_of_the_form_stand_with_the_actor_and_nowhere_else():
    draft = draft_of(a_lead())
    assert draft.actor.attributes == {"姓名": "林", "电话": "13800000000"}
    assert "13800000000" not in repr((draft.context, draft.text))


def test_a_repeat_with_another_time_of_sending_is_the_same_lead():
    first, again = (
        adapter.split(a_leads_push({"data": {"leads_id": 7}, "timestamp": sent}), [], {})[0]
        for sent in (1, 2)
    )
    assert first.dedup_key == again.dedup_key == "7"
    assert canonical_digest(first) == canonical_digest(again)


@pytest.mark.parametrize("push", [{}, {"data": None}, {"data": []}, {"data": {"leads_id": {}}}])
def test_a_test_push_of_any_form_is_accepted_and_counts_nothing(push: object):
    assert verify(a_leads_push(push)) == Verified(0)
    assert isinstance(draft_of(a_leads_push(push)), Unmapped)


def test_answers_of_other_forms_are_left_out():
    draft = draft_of(a_lead(data=[None, {"label": "姓名"}, {"label": [], "value": "x"}]))
    assert (draft.actor.name, draft.actor.attributes) == (None, {})
    assert draft_of(a_lead(data="none")).actor.attributes == {}


def test_an_id_that_is_too_long_fails_instead_of_being_cut():
    with pytest.raises(ItemFailed):
        draft_of(a_lead(leads_id="x" * 252))


def test_the_check_that_the_platform_calls_optional_is_not():
    assert verify(a_post(b"{}")) == Refused("header")
    assert verify(a_leads_push("text")) == Malformed(400, "schema")


def test_the_sample_is_signed_and_counts_nothing():
    sample = adapter.sample(LEADS, {}, now=NOW, unique="1")
    assert verify(sample) == Verified(0)
    (item,) = adapter.split(sample, [], {})
    assert types_of(adapter.normalise(item, CONTEXT)) == ["unmapped"]
