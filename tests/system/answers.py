"""A company's past, and a sample of the answers about it over all services."""

import json
import random
from datetime import datetime, timedelta
from typing import Any

from tests.faults.driver import WORKSPACES
from tests.system.running import System

__all__ = ["sampled", "tell_the_past"]

TYPES = ("view.recorded", "like.created", "comment.created", "follow.created", "follow.removed")


def tell_the_past(system: System, channels: list[str], today: datetime) -> None:
    """Twelve days of a small audience, posted before the traffic begins."""
    chance = random.Random(6)
    body = []
    for n in range(900):
        moment = today - timedelta(days=chance.uniform(4, 16))
        body.append(
            {
                "channel_id": chance.choice(channels),
                "type": chance.choice(TYPES),
                "occurred_at": moment.isoformat().replace("+00:00", "Z"),
                "actor": {"external_id": f"fan-{chance.randrange(60)}"},
                "content": {"external_id": f"film-{chance.randrange(5)}"},
                "context": {"region": f"CN-{chance.randrange(4)}"},
                "dedup_key": f"past-{n}",
            }
        )
    answer = system.call("POST", "/ingest/v1/activities", body, workspace=WORKSPACES[0])
    assert answer.json()["accepted"] == 900, answer.text


def sampled(system: System, channels: list[str], today: datetime) -> dict[str, Any]:
    """Answers about days that the live traffic does not touch."""
    first, last = (str((today - timedelta(days=n)).date()) for n in (18, 4))
    days = {"from": first, "to": last}
    questions: list[tuple[str, dict[str, Any]]] = [
        ("/crm/v1/stickiness", days),
        ("/crm/v1/stickiness", {**days, "channel_id": channels[0]}),
        ("/crm/v1/stickiness/histogram", {"day": last, "window": "7"}),
        ("/crm/v1/stickiness/histogram", {"day": last, "window": "28"}),
        ("/crm/v1/growth", {**days, "period": "day"}),
        ("/crm/v1/profiles", {"identity": "site:fan-7"}),
    ]
    for kind in ("on", "bracket", "consecutive"):
        offsets = "1-3,4-7" if kind == "bracket" else "1,3"
        until = str((today - timedelta(days=12)).date())
        wanted = {"from": first, "to": until, "kind": kind, "days": offsets}
        questions.append(("/crm/v1/retention", wanted))
    for metric in ("activities", "engagements", "views", "followers_net", "active_actors"):
        query = {**days, "metric": metric, "granularity": "day"}
        questions.append(("/insights/v1/metrics/query", query))
        questions.append(("/insights/v1/metrics/query", {**query, "group_by": "channel"}))
    for group in ("type", "content", "region"):
        query = {**days, "metric": "activities", "granularity": "day", "group_by": group}
        questions.append(("/insights/v1/metrics/query", query))
    explained = {"metric": "activities", "start": last, "granularity": "day"}
    questions.append(("/insights/v1/metrics/explain", explained))
    return {
        f"{path} {json.dumps(params, sort_keys=True)}": system.ask(
            path, workspace=WORKSPACES[0], params=params
        )
        for path, params in questions
    }
