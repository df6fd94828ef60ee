"""Retention in all four kinds, for the workspace and for each channel."""

from datetime import timedelta

from mediaops_simulator.check.scene import Scene
from mediaops_simulator.company.cast import ACCOUNTS
from mediaops_simulator.truth.audience import audience_of
from mediaops_simulator.truth.retention import cohorts, returned

__all__ = ["check_retention"]

_ASKED = {
    "on": "1,2,3,7,14,30",
    "on_or_after": "1,7,14,30",
    "bracket": "1-7,8-14,15-28",
    "consecutive": "1,2,3,5",
}


async def check_retention(scene: Scene) -> None:
    area = scene.tally.area("retention")
    for account in (None, *(each.key for each in ACCOUNTS)):
        audience = audience_of(scene.book, scene.reading, account and [account])
        expected = cohorts(audience, scene.first, scene.last)
        for kind, days in _ASKED.items():
            params = {"from": str(scene.first), "to": str(scene.last), "kind": kind, "days": days}
            if account is not None:
                params["channel_id"] = scene.channel(account)
            answer = await scene.api.get("/crm/v1/retention", **params)
            rows = {row["cohort"]: row for row in answer["items"]}
            name = f"{account or 'all'} {kind}"
            area.cell(f"{name} cohorts", sorted(map(str, expected)), sorted(rows))
            for day, cohort in expected.items():
                row = rows.get(str(day), {})
                area.cell(f"{name} {day} size", len(cohort), row.get("size"))
                cells = {cell["days"]: cell for cell in row.get("cells", ())}
                for token in days.split(","):
                    back = returned(audience, cohort, day, kind, token, scene.last)
                    cell, found = f"{name} {day} day {token}", cells.get(token, {})
                    ends = day + timedelta(days=int(token.split("-")[-1]))
                    ratio = found.get("ratio", {})
                    graded = max(ends, scene.last) if kind == "on_or_after" else ends
                    area.ratio(cell, back, len(cohort), ratio, scene.grade(graded))
                    area.cell(f"{cell} mature", ends < scene.last, found.get("mature"))
