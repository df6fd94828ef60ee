"""What the services of a company would answer, in the documented shapes."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

METRICS = {"activities": 18_432, "views": 1_204_551, "engagements": 9_120, "followers_net": 214}


def _key(name: str, **more: Any) -> dict[str, Any]:
    plain = {"help": f"where {name} is found", "form": "text", "choices": []}
    return {"name": name, **plain, "is_generated": False, "is_setting": False, **more}


ADAPTERS = [
    {"name": "cloudevents", "platform": None, "title": "CloudEvents", "keys": [], "proofs": []},
    {
        "name": "douyin-open",
        "platform": "douyin",
        "title": "抖音开放平台 webhooks",
        "keys": [_key("client_secret")],
        "proofs": [["client_secret"]],
    },
    {
        "name": "standard-webhooks",
        "platform": None,
        "title": "Standard Webhooks (partner systems)",
        "keys": [
            _key("secret", is_generated=True),
            _key("secrets", form="list"),
            _key("public_key"),
        ],
        "proofs": [["secret"], ["secrets"], ["public_key"]],
    },
    {
        "name": "wechat-oa",
        "platform": "wechat-oa",
        "title": "微信公众号",
        "keys": [
            _key("token", is_generated=True),
            _key("app_id"),
            _key("encoding_aes_key"),
            _key("mode", choices=["plain", "compatible", "encrypted"], is_setting=True),
        ],
        "proofs": [["token"]],
    },
]


def day(ago: int) -> str:
    return (datetime.now(UTC) + timedelta(hours=8) - timedelta(days=ago)).date().isoformat()


def _wave(metric: str, step: int) -> float:
    return 1 + 0.28 * math.sin(step * 0.9 + len(metric)) + 0.1 * math.cos(step * 2.3)


def days(metric: str) -> list[dict[str, Any]]:
    return [
        {
            "metric": metric,
            "start": day(ago),
            "group": {},
            "value": round(METRICS[metric] * _wave(metric, ago) * (0.62 if ago == 0 else 1)),
            "grade": "final" if ago > 1 else "provisional",
            "corrections": 0,
        }
        for ago in range(27, -1, -1)
    ]


def compared(metric: str) -> dict[str, Any]:
    value = METRICS[metric]
    before = {"start": day(1), "value": round(value * 1.6)}
    row = {"metric": metric, "start": day(0), "group": {}, "value": value, "corrections": 0}
    return {**row, "grade": "provisional", "compare": before}


def against_yesterday(metric: str) -> dict[str, Any]:
    cell = compared(metric)
    return {
        "metric": metric,
        "name_zh": metric,
        "unit": "count",
        "today": cell["value"],
        "yesterday": cell["compare"]["value"],
        "yesterday_so_far": round(cell["value"] / 1.15),
        "change": 0.15,
        "grade": "provisional",
    }


def stickiness() -> list[dict[str, Any]]:
    rows = []
    for ago in range(27, -1, -1):
        dau = round(5_200 * _wave("dau", ago))
        mau = 21_400
        ratio = {"numerator": dau, "denominator": mau, "value": dau / mau, "grade": "provisional"}
        rows.append({"day": day(ago), "dau": dau, "wau": 12_000, "mau": mau, "stickiness": ratio})
    return rows


def minutes(metric: str) -> dict[str, int]:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    size = {"activities": 40, "views": 900, "engagements": 16}[metric]
    return {
        (now - timedelta(minutes=ago)).isoformat(): round(size * _wave(metric, ago))
        for ago in range(60, -1, -1)
    }


def a_delivery(source_id: str, status: str, *, seconds_ago: float = 0, **more: Any) -> Any:
    reason = more.pop("reason", None)
    received = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    return {
        "id": f"delivery-{source_id}-{seconds_ago}",
        "source_id": source_id,
        "received_at": received.isoformat(),
        "status": status,
        "reason": reason,
        "counts": {"received": sum(more.values()), **more},
    }
