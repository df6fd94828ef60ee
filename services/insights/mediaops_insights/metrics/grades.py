"""Which cells are final: everything that may still come as a matter of course has come."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from mediaops_common.ids import shard_of
from mediaops_common.platforms import lateness
from mediaops_common.watermarks import Grade, shard_watermarks
from mediaops_common.zones import day_end
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.fast import GROUP
from mediaops_insights.metrics.periods import Period
from mediaops_insights.metrics.selection import Group, Selection

__all__ = ["Grades"]

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Grades:
    """Grades of a selection's cells.

    A minute or hour is final with the day on which it ends, so that whatever changes it later is
    counted among its corrections; a week or month with its last day.
    """

    def __init__(self, selection: Selection, marks: Mapping[int, datetime]) -> None:
        self._selection = selection
        self._marks = marks
        self._through: dict[Group, datetime] = {}
        self._ends: dict[date, datetime] = {}

    @classmethod
    async def of(cls, session: AsyncSession, selection: Selection) -> "Grades":
        return cls(selection, await shard_watermarks(session, GROUP))

    def of_group(self, group: Group, shown: Sequence[Period]) -> list[Grade]:
        """The grades of a group's cells, period by period."""
        part = self._selection.part_of(group)
        through = self._through.get(part)
        if through is None:
            through = self._through[part] = self._final_through(group)
        return ["final" if self._end(period) <= through else "provisional" for period in shown]

    def _end(self, period: Period) -> datetime:
        end = self._ends.get(period.last_day)
        if end is None:
            end = day_end(period.last_day, self._selection.timezone)
            self._ends[period.last_day] = end
        return end

    def _final_through(self, group: Group) -> datetime:
        """Days that ended by then are final: the slowest contributing channel decides."""
        channels = self._selection.channels_of(group)
        if not channels:
            return NEVER  # nobody has promised anything
        return min(
            self._marks.get(shard_of(channel), NEVER)
            - lateness(self._selection.known[channel].platform)
            for channel in channels
        )
