"""The system's own audit: what was numbered was applied, once, by every consumer."""

from typing import Any

from mediaops_simulator.check.scene import Scene
from mediaops_simulator.system.api import Api

__all__ = ["audit_of", "check_audit"]

_CONSUMERS = ("crm", "insights")


async def audit_of(operator: Api) -> dict[str, Any]:
    """Ingest's comparison with what every consumer says that it applied."""
    groups: list[Any] = []
    for service in _CONSUMERS:
        groups += (await operator.get(f"/{service}/v1/admin/audit"))["groups"]
    audit: dict[str, Any] = await operator.post("/ingest/v1/admin/audit", {"groups": groups})
    return audit


async def check_audit(scene: Scene, operator: Api) -> None:
    """Nothing is left over, parked or dropped among the sources of this company."""
    area = scene.tally.area("audit")
    sources = {source["id"] for source in await scene.api.all_items("/ingest/v1/sources")}
    audit = await audit_of(operator)
    ours = [item for item in audit["items"] if item["source_id"] in sources]
    for item in ours:
        cell = f"{item['group']} {item['source_id']} {item['day']}"
        for name in ("residual", "parked", "dropped", "cancelled"):
            area.cell(f"{cell} {name}", 0, item[name])
    area.cell("groups that were audited", True, bool(ours))
