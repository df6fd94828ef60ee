"""`/crm/v1/retention`: who came back, and when."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from mediaops_common.http import Caller, ClockDep, Reads, allow, parse_days
from mediaops_common.zones import number_day

from mediaops_crm.audience import service as audience
from mediaops_crm.channel_query import ChannelQuery
from mediaops_crm.ratios import ratio
from mediaops_crm.retention import service
from mediaops_crm.retention.schemas import RetentionCell, RetentionCohort, RetentionRead
from mediaops_crm.retention.service import Cohort, Kind, Span

router = APIRouter(prefix="/crm/v1/retention", tags=["retention"])


@router.get("")
async def list_retention(
    caller: Annotated[Caller, allow("crm:read")],
    channel_id: ChannelQuery,
    reads: Reads,
    clock: ClockDep,
    from_: Annotated[str | None, Query(alias="from", max_length=40)] = None,
    to: Annotated[str | None, Query(max_length=40)] = None,
    kind: Kind = Kind.on,
    days: Annotated[str | None, Query(max_length=4000)] = None,
) -> RetentionRead:
    """Cohorts by first active day (in the channel, if one is given) and how many came back.

    `days` counts from the first day: `1,7,30`; for `bracket` from-to, `1-7,8-14`; `consecutive`
    means each of days 1 to N; `on_or_after` runs to the last day with activity, and stays
    provisional, since it may always rise.
    """
    view = await audience.open_view(reads, caller, clock.now(), channel_id)
    today = number_day(view.today)
    asked = parse_days(from_, to, view.timezone, today=today, max_days=audience.MAX_DAYS)
    spans = service.parse_spans(service.DEFAULT_DAYS[kind] if days is None else days, kind)
    first, last = asked.numbers[0], asked.numbers[-1]
    found = await service.cohorts(reads, view, first, last, kind, spans)
    # Thousands of cells would hold up whoever else waits for the event loop.
    return await asyncio.to_thread(_read, found, kind, spans, view)


def _read(
    cohorts: list[Cohort], kind: Kind, spans: list[Span], view: audience.View
) -> RetentionRead:
    return RetentionRead(items=[_cohort(cohort, kind, spans, view) for cohort in cohorts])


def _cohort(cohort: Cohort, kind: Kind, spans: list[Span], view: audience.View) -> RetentionCohort:
    cells = []
    for span, retained in zip(spans, cohort.retained, strict=True):
        last = cohort.day + span.last
        # Whoever comes back tomorrow raises a number that has no last day.
        graded = max(last, view.today) if kind is Kind.on_or_after else last
        cells.append(
            RetentionCell(
                days=span.token,
                ratio=ratio(retained, cohort.size, view.grade(graded)),
                mature=last < view.today,
            )
        )
    return RetentionCohort(cohort=number_day(cohort.day), size=cohort.size, cells=cells)
