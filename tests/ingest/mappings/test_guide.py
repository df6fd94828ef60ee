"""The example of the guide does what the guide says."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

from mediaops_ingest.mappings.compiled import compile_mapping
from mediaops_ingest.platforms.port import ActivityDraft, SnapshotDraft

from tests.ingest.platforms.examples import a_context

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "mapping.md"


def test_the_example_makes_one_paid_order_and_one_snapshot():
    found = dict(
        re.findall(r"<!-- example: (\w+) -->\n```json\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    )
    mapping = compile_mapping(json.loads(found["mapping"]))
    order, fans = mapping.apply(json.loads(found["item"]), a_context())
    assert isinstance(order, ActivityDraft)
    assert (order.type, order.content) == ("order.paid", "tea-1")
    assert order.actor is not None
    assert order.actor.external_id == "42"
    assert order.value is not None
    assert order.value.amount_minor == 1990
    assert order.occurred_at == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert isinstance(fans, SnapshotDraft)
    assert (fans.metric, fans.value, fans.kind) == ("followers", 1200, "gauge")
