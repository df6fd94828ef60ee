"""The whole history before its first request: day by day, with everything that goes wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from mediaops_simulator.company.acts import Act
from mediaops_simulator.company.counters import Counters, Level
from mediaops_simulator.company.library import Piece
from mediaops_simulator.company.life import Company
from mediaops_simulator.plan.batches import sendings_of
from mediaops_simulator.plan.mishaps import Mishaps
from mediaops_simulator.plan.sendings import Sending

__all__ = ["PlannedDay", "plan_days"]


@dataclass(slots=True)
class PlannedDay:
    """One day of the story: what happens, and what arrives."""

    number: int
    date: date
    acts: list[Act]
    sendings: list[Sending]
    levels: list[Level]
    pieces: list[Piece]

    @property
    def load(self) -> int:
        """Activities in all requests of the day, repeats included."""
        return sum(len(sending.acts) for sending in self.sendings)


def plan_days(company: Company, days: int, *, until: int | None = None) -> list[PlannedDay]:
    """The first `days` days; what is late at their end arrives with the last of them.

    Nothing that happens after the moment `until` is in it.
    """
    mishaps, counters = Mishaps(company.seed), Counters(company.seed, company.zone)
    planned = [_planned(company, mishaps, counters, number, until) for number in range(days)]
    if planned:
        planned[-1].sendings += mishaps.still_to_come()
    return planned


def _planned(
    company: Company, mishaps: Mishaps, counters: Counters, number: int, until: int | None
) -> PlannedDay:
    date_ = company.date_of(number)
    acts = list(_before(company.day(number), until))
    levels = counters.evening(number, date_, acts, company.library)
    return PlannedDay(
        number,
        date_,
        acts,
        mishaps.befall(sendings_of(acts), number),
        [level for level in levels if until is None or level.at <= until],
        [
            piece
            for pieces in company.library.pieces.values()
            for piece in pieces
            if piece.day == number and (until is None or piece.at <= until)
        ],
    )


def _before(acts: list[Act], until: int | None) -> Iterator[Act]:
    for act in acts:
        if until is None or act.at <= until:
            yield act
