"""`/insights/v1/metrics`: the catalogue, queries and explanations."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from mediaops_common.http import Caller, ClockDep, Invalid, RuntimeDep, allow
from mediaops_common.owner_kinds import OWNER_KINDS
from starlette.responses import Response

from mediaops_insights.metrics import explanation, service
from mediaops_insights.metrics.catalogue import CATALOGUE
from mediaops_insights.metrics.parameters import (
    Filters,
    check_names,
    granularity_of,
    group_by_of,
    selection_of,
)
from mediaops_insights.metrics.periods import COMPARISONS, compared, period_at, periods
from mediaops_insights.metrics.schemas import (
    ExplanationRead,
    MetricList,
    MetricRead,
    SeriesRead,
)
from mediaops_insights.registry import service as registry
from mediaops_insights.rollups.service import HOURS_KEPT, MINUTES_KEPT

router = APIRouter(prefix="/insights/v1/metrics", tags=["metrics"])

Reader = Annotated[Caller, allow("insights:read")]
Names = Annotated[list[str] | None, Query(max_length=50)]


@router.get("")
async def list_metrics(caller: Reader) -> MetricList:
    """Every metric: what it means, what it is told apart by, which platforms bring it."""
    return MetricList(
        items=[
            MetricRead(
                name=metric.name,
                name_zh=metric.name_zh,
                unit=metric.unit,
                formula=metric.formula,
                dimensions=list(metric.dimensions),
                granularities=list(metric.granularities),
                version=metric.version,
                sources=list(metric.sources),
                availability=metric.availability,
                kpi_of=[kind for kind, owner in OWNER_KINDS.items() if metric.name in owner.kpis],
                note=metric.note,
            )
            for metric in CATALOGUE.values()
        ]
    )


async def _await_channels(caller: Caller, runtime: Any, filters: Filters) -> None:
    if filters.channel:
        await registry.await_channels(
            runtime.database,
            caller.workspace_id,
            filters.channel,
            timeout_seconds=runtime.settings.channel_wait_seconds,
        )


@router.get("/query", response_class=Response, responses={200: {"model": SeriesRead}})
async def query_metrics(
    caller: Reader,
    request: Request,
    clock: ClockDep,
    runtime: RuntimeDep,
    filters: Annotated[Filters, Depends()],
    metric: Names = None,
    group_by: Names = None,
    granularity: str = "day",
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
    compare: str | None = None,
) -> Response:
    """Series of metrics, with a row for every period that the range touches, 0 without data.

    Filters go by dimension name. Periods are whole: a week or month that the range touches shows
    all its days. `compare` adds the value of another period to each cell.
    """
    check_names(request, ("metric", "group_by", "granularity", "from", "to", "compare"))
    metrics = service.wanted_metrics(metric or [])
    groups = group_by_of(group_by or [])
    service.check_dimensions(metrics, granularity_of(granularity), groups, filters.given)
    now = clock.now()
    shown = periods(granularity, from_, to, caller.timezone, now)
    against = None
    if compare is not None:
        if compare not in COMPARISONS:
            raise Invalid("compare", f"is one of {', '.join(COMPARISONS)}")
        against = compared(compare, shown, caller.timezone)
    for field, listed in (("from", shown), ("compare", against or [])):
        _check_kept(field, granularity, listed, now)
    if len(shown) * len(metrics) > runtime.settings.max_cells:
        raise Invalid("from", f"the answer has more than {runtime.settings.max_cells} cells")
    await _await_channels(caller, runtime, filters)
    async with runtime.database.read() as session:
        known = await registry.channels(session, caller.workspace_id)
        selection = selection_of(caller, now, known, filters, groups)
        cells = await service.answer(
            session,
            service.Question(metrics, shown, against, selection, runtime.settings.max_cells),
        )
    # Up to 50,000 cells: they are written as they are, without a model for each.
    return Response(msgspec.json.encode({"items": cells}), media_type="application/json")


def _check_kept(field: str, granularity: str, listed: Any, now: Any) -> None:
    """Minutes and hours are kept for a time: what is gone must not look like 0."""
    kept = {"minute": MINUTES_KEPT, "hour": HOURS_KEPT}.get(granularity)
    if kept is not None and listed and min(period.end for period in listed) <= now - kept:
        raise Invalid(field, f"{granularity}s are kept for {kept.days} days")


@router.get("/explain")
async def explain_metric(
    caller: Reader,
    request: Request,
    clock: ClockDep,
    runtime: RuntimeDep,
    filters: Annotated[Filters, Depends()],
    metric: str,
    start: str,
    granularity: str = "day",
) -> ExplanationRead:
    """One cell: the formula filled in, what was counted, and the way to its events."""
    check_names(request, ("metric", "start", "granularity"))
    (wanted,) = service.wanted_metrics([metric])
    service.check_dimensions([wanted], granularity_of(granularity), (), filters.given)
    period = period_at(granularity, start, caller.timezone)
    now = clock.now()
    _check_kept("start", granularity, [period], now)
    await _await_channels(caller, runtime, filters)
    async with runtime.database.read() as session:
        known = await registry.channels(session, caller.workspace_id)
        selection = selection_of(caller, now, known, filters)
        return await explanation.explain(session, wanted, period, selection, filters.given)
