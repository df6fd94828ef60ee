"""On every route: 401 without a token, 403 for a role too small, 404 for what is
another workspace's, and no number that changes because of another's data."""

import json
import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.system.running import SERVICES, System, event_body, signed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

OPEN = re.compile(r"/(health/(live|ready)|openapi\.json|docs|metrics)$")
"""Routes without a token, on purpose."""

FOR_ANYBODY = re.compile(r"/v1/me$")
OF_THE_INSTALLATION = re.compile(r"/v1/admin/(lag|rebuilds|audit|republish)$|/v1/workspaces$")
"""About the installation, which is nobody's data."""


def operations(system: System) -> list[tuple[str, str, dict[str, Any]]]:
    """(method, path, description) of every route of every service."""
    found = []
    for service in SERVICES:
        description = system.ask(f"/{service}/openapi.json")
        for path, methods in description["paths"].items():
            for method, operation in methods.items():
                if not OPEN.search(path):
                    found.append((method.upper(), path, operation))
    assert len(found) > 40
    return found


@pytest.fixture(scope="module")
def theirs(system) -> dict[str, str]:
    """One of everything in a workspace of its own: parameter name → id."""
    made = system.call(
        "POST",
        "/ingest/v1/workspaces",
        {"slug": "theirs", "name": "Theirs", "timezone": "Europe/Berlin"},
        workspace="*",
        role="operator",
    )
    ids = {"workspace_id": made.json()["id"]}
    ids["channel_id"] = system.add_channel("theirs", external_id="their-channel")
    source = system.add_source(ids["channel_id"], "theirs")
    ids["source_id"] = source["id"]
    moment = datetime.now(UTC)
    body = event_body("follow.created", "their-fan", moment, content={"external_id": "their-film"})
    answer = system.http.post(
        source["hook_url"],
        content=body,
        headers=signed(source["secrets"]["secret"], "their-1", body, moment),
    )
    assert answer.status_code == 202
    system.settle()
    deliveries = system.ask("/ingest/v1/deliveries", workspace="theirs")["items"]
    ids["delivery_id"] = deliveries[0]["id"]
    replay = system.call(
        "POST", "/ingest/v1/deliveries/replay", {"source_id": source["id"]}, workspace="theirs"
    )
    ids["replay_id"] = replay.json()["replay_id"]
    content = system.call(
        "POST", "/content/v1/contents", {"title": "Their film", "body": "b"}, workspace="theirs"
    )
    assert content.status_code == 201, content.text
    ids["content_id"] = content.json()["id"]
    revisions = system.ask(
        f"/content/v1/contents/{ids['content_id']}/revisions", workspace="theirs"
    )
    ids["revision_id"] = revisions["items"][0]["id"]
    ids["number"] = "1"
    publication = system.call(
        "POST",
        "/content/v1/publications",
        {
            "content_id": ids["content_id"],
            "channel_id": ids["channel_id"],
            "external_id": "their-film",
            "published_at": moment.isoformat(),
        },
        workspace="theirs",
    )
    assert publication.status_code == 201, publication.text
    ids["publication_id"] = publication.json()["id"]
    people = system.ask(
        "/crm/v1/profiles", workspace="theirs", params={"identity": "site:their-fan"}
    )
    ids["profile_id"] = people["items"][0]["id"]
    ids["parked_id"] = ids["replay_id"]  # nothing is parked: an id of nobody
    return ids


def filled(path: str, ids: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: ids[match[1]], path)


def test_no_route_answers_without_a_token(system, theirs) -> None:
    wrong = []
    for method, path, _ in operations(system):
        answer = system.http.request(method, filled(path, theirs), json={})
        if answer.status_code != 401:
            wrong.append((method, path, answer.status_code))
    assert not wrong, wrong


def test_a_role_that_is_too_small_is_forbidden(system, theirs) -> None:
    """A partner may post to its source and look at its own deliveries, nothing else."""
    own = system.add_source(system.add_channel())["id"]
    partner = system.command(
        "token", "create", "--data", str(system.data), "--workspace", "default",
        "--role", "partner", "--source", own,
    )  # fmt: skip
    allowed = re.compile(r"^/ingest/v1/(activities|snapshots|deliveries|quality|sources)")
    wrong = []
    for method, path, _ in operations(system):
        headers = {"Authorization": f"Bearer {partner}"}
        answer = system.http.request(method, filled(path, theirs), json={}, headers=headers)
        if allowed.match(path) or FOR_ANYBODY.search(path):
            continue
        if answer.status_code != 403:
            wrong.append((method, path, answer.status_code, answer.text[:100]))
    assert not wrong, wrong


def test_what_is_anothers_is_not_there(system, theirs) -> None:
    """Every id in a path, in a query and in a body: 404, and nothing of theirs in the answer."""
    wrong = []
    secrets = [theirs[name] for name in theirs if name not in ("number", "workspace_id")]
    for method, path, operation in operations(system):
        if FOR_ANYBODY.search(path) or OF_THE_INSTALLATION.search(path):
            continue
        if "{" in path:
            named = "title" if "/contents/" in path else "name"
            sent = {named: "x"} if method == "PATCH" else {}
            headers = {"If-Match": '"1"'}
            answer = system.call(method, filled(path, theirs), sent, headers=headers)
            if answer.status_code != 404:
                wrong.append((method, path, answer.status_code, answer.text[:120]))
            continue
        if method != "GET":
            continue
        for parameter in operation.get("parameters", []):
            name = parameter["name"]
            value = theirs.get(name) or (theirs["channel_id"] if name == "channel" else None)
            if parameter["in"] != "query" or value is None:
                continue
            params = {name: value, "metric": "activities", "identity": "site:x"}
            answer = system.call(method, path, params=params)
            if answer.status_code not in (404, 422) and any(s in answer.text for s in secrets):
                wrong.append((method, path, name, answer.status_code, answer.text[:120]))
            if name == "channel_id" and answer.status_code not in (404, 422):
                wrong.append((method, path, name, answer.status_code))
    for path, body in (
        ("/ingest/v1/sources", {"channel_id": theirs["channel_id"], "adapter": "cloudevents"}),
        ("/ingest/v1/deliveries/replay", {"source_id": theirs["source_id"]}),
        (
            "/content/v1/publications",
            {
                "content_id": theirs["content_id"],
                "channel_id": theirs["channel_id"],
                "external_id": "mine",
                "published_at": "2026-11-22T08:00:00Z",
            },
        ),
    ):
        answer = system.call("POST", path, body)
        if answer.status_code != 404:
            wrong.append(("POST", path, answer.status_code, answer.text[:120]))
    activity = {"channel_id": theirs["channel_id"], "type": "like.created"}
    activity |= {"occurred_at": "2026-11-22T08:00:00Z", "actor": {"external_id": "x"}}
    answer = system.call("POST", "/ingest/v1/activities", [activity])
    if answer.json()["accepted"] != 0:
        wrong.append(("POST", "/ingest/v1/activities", answer.text[:120]))
    assert not wrong, "\n".join(map(str, wrong))


TIMES = re.compile(r'"(freshness_seconds|behind_seconds|generated_at|now|at|as_of)": ?[^,}]+')


def lists(system: System) -> dict[str, str]:
    """Every GET without a path parameter, as `default` sees it."""
    required = {"metric": "activities", "identity": "site:fan", "granularity": "day"}
    required |= {"day": "2026-11-22", "window": "7", "start": "2026-11-22"}
    seen = {}
    for method, path, operation in operations(system):
        if method != "GET" or "{" in path or "stream" in path or OF_THE_INSTALLATION.search(path):
            continue
        names = {parameter["name"] for parameter in operation.get("parameters", [])}
        params = {name: value for name, value in required.items() if name in names}
        params |= {"from": "2026-11-20", "to": "2026-11-22"} if "from" in names else {}
        answer = system.call("GET", path, params=params)
        assert answer.status_code < 500, (path, answer.text)
        seen[path] = TIMES.sub("", json.dumps(answer.json(), sort_keys=True))
    return seen


def settled_lists(system: System) -> dict[str, str]:
    """The same once three looks agree: jobs tell what they tell within a few seconds, and crm's of
    today's audience may be the last on a busy machine."""
    looks: list[dict[str, str]] = []
    while len(looks) < 3 or not looks[-3] == looks[-2] == looks[-1]:
        time.sleep(2.0)
        looks.append(lists(system))
        if '"audience_today": null' in looks[-1]["/insights/v1/overview"]:
            looks.clear()
    return looks[-1]


def test_no_number_changes_because_of_anothers_data(system, theirs) -> None:
    before = settled_lists(system)
    activity = {"type": "like.created", "channel_id": theirs["channel_id"]}
    activity |= {"occurred_at": "2026-11-21T08:00:00Z", "content": {"external_id": "c"}}
    body = [{**activity, "actor": {"external_id": f"fan-{n}"}} for n in range(50)]
    assert system.call("POST", "/ingest/v1/activities", body, workspace="theirs").is_success
    system.settle()
    after = settled_lists(system)
    different = {path: _difference(before[path], after[path]) for path in before}
    assert not any(different.values()), {p: d for p, d in different.items() if d}


def _difference(before: str, after: str) -> str:
    """Where two texts begin to differ; empty when they do not."""
    for place, (left, right) in enumerate(zip(before + " ", after + " ", strict=False)):
        if left != right:
            start = max(0, place - 60)
            return f"{before[start : place + 80]} → {after[start : place + 80]}"
    return ""
