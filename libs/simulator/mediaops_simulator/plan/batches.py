"""Acts become requests, as each platform cuts them."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from mediaops_simulator.company.acts import BROKEN, Act
from mediaops_simulator.company.cast import account
from mediaops_simulator.plan.sendings import Sending, lane_of

__all__ = ["BATCH", "sendings_of"]

BATCH = 100
"""The shop sends what happened within an hour, at most so many events a request."""


def sendings_of(acts: Sequence[Act]) -> list[Sending]:
    """The requests for these acts (which are in order of time), in order."""
    sendings: list[tuple[int, Sending]] = []
    for key, several in groupby(sorted(acts, key=lambda act: act.account), lambda act: act.account):
        if account(key).platform == "site":
            sendings += [(batch[-1].at, _batched(batch)) for batch in _by_hour(list(several))]
        else:
            sendings += [(act.at, _alone(act)) for act in several]
    return [sending for _, sending in sorted(sendings, key=lambda pair: pair[0])]


def _by_hour(acts: list[Act]) -> Iterator[list[Act]]:
    for act in acts:
        if act.type == BROKEN:
            yield [act]  # on its own, because it takes the whole request with it
    readable = [act for act in acts if act.type != BROKEN]
    for _, hour in groupby(readable, lambda act: act.at // 3_600):
        of_hour = list(hour)
        for start in range(0, len(of_hour), BATCH):
            yield of_hour[start : start + BATCH]


def _batched(acts: list[Act]) -> Sending:
    return Sending(acts[0].account, f"msg_{acts[0].key}", tuple(acts), lane=0)


def _alone(act: Act) -> Sending:
    return Sending(act.account, act.key, (act,), lane_of(act.person))
