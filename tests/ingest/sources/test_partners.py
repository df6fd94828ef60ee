"""A partner's token at every route: its own sources, deliveries and quality, and nothing else."""

import re
from uuid import UUID, uuid4

OPEN = {
    "GET /ingest/v1/me",
    "GET /ingest/v1/sources",
    "GET /ingest/v1/sources/{source_id}",
    "GET /ingest/v1/sources/{source_id}/leases",
    "GET /ingest/v1/deliveries",
    "GET /ingest/v1/deliveries/{delivery_id}",
    "GET /ingest/v1/deliveries/{delivery_id}/raw",
    "GET /ingest/v1/quality",
    "POST /ingest/v1/activities",
    "POST /ingest/v1/snapshots",
}
FOR_PROBES = re.compile(r"/health/(live|ready)$")


async def ids_of(ingest, source) -> dict[str, str]:
    kept = await ingest.knock_signed(source)
    delivery_id = kept.headers["x-delivery-id"]
    return {"channel_id": source["channel_id"], "source_id": source["id"]} | {
        "delivery_id": delivery_id
    }


def filled(path: str, ids: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: ids.get(match[1], str(UUID(int=1))), path)


async def routes(ingest) -> list[tuple[str, str]]:
    async with ingest.client() as client:
        paths = (await client.get("/ingest/openapi.json")).json()["paths"]
    return [
        (method.upper(), path)
        for path, methods in paths.items()
        for method in methods
        if not FOR_PROBES.search(path)
    ]


async def test_every_route_but_a_few_is_closed_and_those_tell_of_nobody_else(ingest):
    mine = await ingest.add_source()
    own = await ids_of(ingest, mine)
    others = await ids_of(ingest, await ingest.add_source({"id": mine["channel_id"]}))
    foreign = await ids_of(ingest, await ingest.add_source())
    nobodys = {name: str(uuid4()) for name in own}
    secrets = {*others.values(), *foreign.values()} - {mine["channel_id"]}
    sent = ingest.bearer(role="partner", sources=[UUID(mine["id"])]) | {"If-Match": "*"}
    admitted = set()
    async with ingest.client(**sent) as client:

        async def told(method, path, ids):
            answer = await client.request(method, filled(path, ids), json={})
            text = answer.text
            for value in ids.values():
                text = text.replace(value, "ID")
            return answer.status_code, text

        for method, path in await routes(ingest):
            status, text = await told(method, path, own)
            assert not any(secret in text for secret in secrets), (method, path)
            if status != 403:
                admitted.add(f"{method} {path}")
            if "{" in path:
                unknown = await told(method, path, nobodys)
                assert await told(method, path, others) == unknown, (method, path)
                assert await told(method, path, foreign) == unknown, (method, path)
        assert admitted == OPEN
        for path, name in (("sources", "channel_id"), ("deliveries", "source_id")):
            asked = f"/ingest/v1/{path}?{name}={{{name}}}"
            assert (await told("GET", asked, own))[0] == 200
            unknown = await told("GET", asked, nobodys)
            assert unknown[0] == 404
            assert await told("GET", asked, foreign) == unknown
