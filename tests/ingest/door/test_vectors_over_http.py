"""Every independent vector against a running server, each on a channel and a source of its own."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.ingest.platforms.examples import Example, are_types, examples
from tests.ingest.running import Ingest, serving
from tests.ingest.spine import spine_of

KEPT = {"accept", "accept-unsigned", "duplicate", "reject-event"}
"""The verdicts after which a delivery is there."""

NOT_OVER_HTTP = {"REPLY", "OUTBOUND"}
FOR_THE_SIGNATURE_ALONE = {"wecom-skit-signature-only"}
"""It was published without a key: a source cannot be made of it."""

POLICY = {
    "kuaishou-upper-case-hex": 401,
    "stripe-future-one-hour": 401,
    "youzan-test-probe-with-wrong-sign": 200,
}
"""What the documents leave open, and how it was decided."""


class Sent:
    """What became of a vector."""

    def __init__(self, example: Example, source: dict[str, Any], answer: httpx.Response) -> None:
        self.example, self.source, self.answer = example, source, answer

    def faults(self, deliveries: list[Any], types: list[str]) -> Iterator[str]:
        """What is not as the vector wants it."""
        expected, verdict = self.example.raw["expected"], self.example.verdict
        status = self.answer.status_code
        if status >= 500 or not self._is_status_of(verdict):
            yield f"status {status}"
        if 200 <= status < 300 and self.example.name not in POLICY:
            yield from self._answer_faults(expected.get("response", {}))
        if (
            verdict == "reject"
            and self.answer.headers["content-type"] != "application/problem+json"
        ):
            yield "no problem"
        due = 2 if verdict == "duplicate" else int(verdict in KEPT)
        if verdict != "policy" and len(deliveries) != due:
            yield f"{len(deliveries)} deliveries"
        if verdict == "duplicate" and [one["status"] for one in deliveries].count("duplicate") != 1:
            yield "no repeat"
        wanted = expected.get("canonical_type") or "unmapped"
        # What is unmapped is kept and not numbered.
        if verdict in KEPT and "unmapped" not in wanted and not are_types(types, wanted):
            yield f"types {types}, not {wanted}"
        if verdict not in KEPT and verdict != "policy" and types:
            yield f"types {types}"

    def _is_status_of(self, verdict: str) -> bool:
        status, expected = self.answer.status_code, self.example.raw["expected"]
        if verdict == "policy":
            return status == POLICY.get(self.example.name, status)
        if verdict == "reject":
            by_form = {"size": {413}, "media-type": {415}}.get(expected["reason"], {400, 401})
            return status in by_form | {expected.get("response", {}).get("status", 400)}
        if verdict == "accept-signature":
            return status == 400
        return bool(status == expected.get("response", {}).get("status", status) < 300)

    def _answer_faults(self, wanted: dict[str, Any]) -> Iterator[str]:
        text = self.answer.text
        if "text" in wanted and text != wanted["text"]:
            yield f"answer {text!r}"
        if "text_any_of" in wanted and text not in wanted["text_any_of"]:
            yield f"answer {text!r}"
        if "json_text" in wanted and text != wanted["json_text"]:
            yield f"answer {text!r}"
        if "json" in wanted and json.loads(text) != wanted["json"]:
            yield f"answer {text!r}"


async def send(ingest: Ingest, client: httpx.AsyncClient, example: Example, before: Any) -> Sent:
    channel = await ingest.add_channel(platform="generic")
    body = {"channel_id": channel["id"], "adapter": example.scheme, "secrets": example.secrets}
    made = await ingest.call("POST", "/sources", body)
    assert made.status_code == 201, (example.name, made.text)
    for one in (*before, example):
        ingest.clock.moment = datetime.fromtimestamp(one.raw["now"], UTC)
        url = made.json()["hook_url"] + one.raw.get("http_path", "")
        if one.raw["query"]:
            url += "?" + urlencode(one.raw["query"])
        headers = {name: value.encode() for name, value in one.raw["headers"].items()}
        answer = await client.request(one.raw["method"], url, headers=headers, content=one.body)
    return Sent(example, made.json(), answer)


KNOWN = [
    one
    for one in examples()
    if one.raw["method"] not in NOT_OVER_HTTP and one.name not in FOR_THE_SIGNATURE_ALONE
]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("scheme", sorted({one.scheme for one in KNOWN}))
async def test_every_vector_has_its_verdict_its_answer_and_its_types_over_http(
    tmp_path, backend, scheme
):
    known = [one for one in KNOWN if one.scheme == scheme]
    found = []
    async with serving(tmp_path, backend) as ingest, httpx.AsyncClient() as client:
        sent = []
        for example in known:
            before = [one for one in known if one.comes_before(example)]
            sent.append(await send(ingest, client, example, before))
        await (await spine_of(ingest)).run()
        for one in sent:
            path = f"/deliveries?source_id={one.source['id']}"
            deliveries = (await ingest.call("GET", path)).json()["items"]
            path = f"/events?channel_id={one.source['channel_id']}"
            events = (await ingest.call("GET", path)).json()["items"]
            types = [event.get("type", "metrics.snapshot") for event in events]
            found += [f"{one.example.name}: {fault}" for fault in one.faults(deliveries, types)]
    assert found == []
