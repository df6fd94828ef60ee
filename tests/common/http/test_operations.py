"""What surrounds a request: ids, traces, headers, metrics, health, the description, CORS."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from mediaops_common.context import current_request_id, current_traceparent
from mediaops_common.health import Unhealthy
from mediaops_common.http.app import combine
from mediaops_common.settings import HttpSettings, Settings, StoreSettings

from tests.common.http.fake import FAKE, Running, running

ME = "/fake/v1/me"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


async def test_every_answer_has_an_id_and_safe_headers(fake: Running) -> None:
    async with fake.client() as client:
        for path in (ME, "/fake/health/live", "/fake/none"):
            headers = (await client.get(path)).headers
            assert len(headers["x-request-id"]) == 32
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] == "no-store"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "server" not in headers


async def test_a_sound_request_id_is_kept_and_another_replaced(fake: Running) -> None:
    async with fake.client() as client:
        kept = await client.get(ME, headers={"X-Request-Id": "abc-1.2_3"})
        assert kept.headers["x-request-id"] == "abc-1.2_3"
        for wrong in ("a b", "x" * 81, "<script>", "é", ""):
            answer = await client.get(ME, headers=[(b"X-Request-Id", wrong.encode())])
            assert len(answer.headers["x-request-id"]) == 32


async def test_the_trace_reaches_the_transaction(owner: httpx.AsyncClient, fake: Running) -> None:
    seen: list[str | None] = []

    async def look(session: object) -> None:
        seen.extend([current_traceparent(), current_request_id()])

    fake.runtime.state["before_commit"] = look
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "X-Request-Id": "mine"}
    await owner.post("/fake/v1/notes", json={"title": "a"}, headers=headers)
    assert seen[0] is not None
    assert seen[0].startswith(f"00-{TRACE}-")
    assert "00f067aa0ba902b7" not in seen[0]
    assert seen[1] == "mine"
    assert current_traceparent() is None


@pytest.mark.parametrize("wrong", ["", "x", f"ff-{TRACE}-00f067aa0ba902b7-01", "00-" + "0" * 32])
async def test_a_broken_trace_begins_anew(
    wrong: str, owner: httpx.AsyncClient, fake: Running
) -> None:
    seen: list[str | None] = []

    async def look(session: object) -> None:
        seen.append(current_traceparent())

    fake.runtime.state["before_commit"] = look
    await owner.post("/fake/v1/notes", json={"title": "a"}, headers={"traceparent": wrong})
    assert seen[0] is not None
    assert TRACE not in seen[0]


async def test_metrics_count_by_template_and_not_by_path(owner: httpx.AsyncClient) -> None:
    note = (await owner.post("/fake/v1/notes", json={"title": "a"})).json()
    await owner.get(f"/fake/v1/notes/{note['id']}")
    await owner.get("/fake/v1/invented")
    await owner.request("BREW", "/fake/v1/me")
    text = (await owner.get("/fake/metrics")).text
    assert 'route="/fake/v1/notes/{note_id}",service="fake",status="200"' in text
    assert 'route="unknown"' in text
    assert 'method="other"' in text
    assert note["id"] not in text
    assert "invented" not in text
    assert "BREW" not in text


async def test_metrics_need_a_token_where_strangers_can_reach_them(tmp_path: Path) -> None:
    common = Settings(store=StoreSettings(data=tmp_path), http=HttpSettings(host="0.0.0.0"))
    async with running(tmp_path, common=common) as fake:
        async with fake.client() as client:
            assert (await client.get("/fake/metrics")).status_code == 401
        async with fake.client(**fake.bearer(role="analyst")) as client:
            assert (await client.get("/fake/metrics")).status_code == 403
        async with fake.client(**fake.bearer("*", "operator")) as client:
            answer = await client.get("/fake/metrics")
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/plain")


async def test_readiness_names_what_is_wrong_and_the_repair(fake: Running) -> None:
    async def full() -> None:
        raise Unhealthy("the disk is full", repair="free space")

    async def broken() -> None:
        raise RuntimeError("password=hunter2")

    async with fake.client() as client:
        assert (await client.get("/fake/health/ready")).json()["ok"] is True
        fake.runtime.health.add("disk", full)
        fake.runtime.health.add("other", broken)
        answer = await client.get("/fake/health/ready")
        assert answer.status_code == 503
        assert answer.json()["checks"][-2:] == [
            {
                "name": "disk",
                "ok": False,
                "reason": "the disk is full",
                "repair": "free space",
            },
            {"name": "other", "ok": False, "reason": "RuntimeError", "repair": "see the log"},
        ]
        assert (await client.get("/fake/health/live")).status_code == 200


async def test_the_docs_page_loads_nothing_from_elsewhere(fake: Running) -> None:
    async with fake.client() as client:
        answer = await client.get("/fake/docs")
    assert answer.status_code == 200
    assert "http://" not in answer.text
    assert "https://" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


async def test_only_listed_origins_may_call_from_a_browser(tmp_path: Path) -> None:
    common = Settings(
        store=StoreSettings(data=tmp_path), http=HttpSettings(cors_origins=["https://ours.example"])
    )
    async with running(tmp_path, common=common) as fake, fake.client(**fake.bearer()) as client:
        ask = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "if-match"}
        ours = {"Origin": "https://ours.example"}
        answer = await client.options(ME, headers=ours | ask)
        assert answer.headers["access-control-allow-origin"] == "https://ours.example"
        assert (
            "etag"
            in (await client.get(ME, headers=ours)).headers["access-control-expose-headers"].lower()
        )
        other = await client.get(ME, headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers


async def test_without_a_list_no_origin_may_call(owner: httpx.AsyncClient) -> None:
    answer = await owner.get(ME, headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


async def test_one_port_serves_several_services_and_the_console(fake: Running) -> None:
    async def console(scope: object, receive: object, send: object) -> None:
        from starlette.responses import PlainTextResponse

        await PlainTextResponse("console")(scope, receive, send)  # type: ignore[arg-type]

    for page, expected in ((console, "console"), (None, None)):
        transport = httpx.ASGITransport(combine({"fake": fake.app}, page))
        async with httpx.AsyncClient(transport=transport, base_url="http://all") as client:
            assert (await client.get("/fake/health/live")).status_code == 200
            for path in ("/", "/fakes/health/live", "/other"):
                answer = await client.get(path)
                if expected:
                    assert answer.text == expected
                else:
                    assert answer.status_code == 404
                    assert answer.json()["type"].endswith("/not-found")


async def test_a_door_stands_in_front(tmp_path: Path) -> None:
    from starlette.responses import PlainTextResponse
    from starlette.types import ASGIApp, Receive, Scope, Send

    def front(app: ASGIApp, runtime: object) -> ASGIApp:
        async def door(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["path"].startswith("/fake/hooks/"):
                await PlainTextResponse("taken")(scope, receive, send)
            else:
                await app(scope, receive, send)

        return door

    async with running(tmp_path, replace(FAKE, front=front)) as fake, fake.client() as client:
        assert (await client.post("/fake/hooks/x", content=b"raw")).text == "taken"
        assert (await client.get(ME)).status_code == 401


async def test_head_is_answered_as_get_without_its_body(fake: Running) -> None:
    async with fake.client(**fake.bearer()) as client:
        for path in (ME, "/fake/health/live", "/fake/metrics", "/fake/openapi.json", "/fake/docs"):
            asked, head = await client.get(path), await client.head(path)
            assert (head.status_code, head.content) == (asked.status_code, b"")
            assert head.headers["content-type"] == asked.headers["content-type"]
        assert (await client.head("/fake/v1/nothing")).status_code == 404
        assert (await client.head("/fake/v1/notes/not-an-id")).status_code == 422


async def test_a_method_that_is_not_allowed_names_all_that_are(owner: httpx.AsyncClient) -> None:
    for path, methods in {
        "/fake/v1/notes": {"GET", "HEAD", "POST"},
        "/fake/health/live": {"GET", "HEAD"},
    }.items():
        answer = await owner.delete(path)
        assert answer.status_code == 405
        assert set(answer.headers["allow"].split(", ")) == methods


async def test_the_description_tells_of_headers_and_problems(owner: httpx.AsyncClient) -> None:
    described = (await owner.get("/fake/openapi.json")).json()
    problem = {"$ref": "#/components/schemas/ProblemRead"}
    for item in described["paths"].values():
        for operation in item.values():
            content = operation["responses"]["default"]["content"]
            assert content == {"application/problem+json": {"schema": problem}}
            assert "422" not in operation["responses"]
    assert set(described["components"]["schemas"]) >= {"ProblemRead", "FieldError"}
    notes = described["paths"]["/fake/v1/notes"]
    assert headers_of(notes["post"]) == {"Idempotency-Key": False}
    assert headers_of(notes["get"]) == {}
    changed = described["paths"]["/fake/v1/notes/{note_id}"]["put"]
    assert headers_of(changed) == {"If-Match": True}


def headers_of(operation: dict[str, Any]) -> dict[str, bool]:
    parameters = operation.get("parameters", [])
    return {one["name"]: one["required"] for one in parameters if one["in"] == "header"}
