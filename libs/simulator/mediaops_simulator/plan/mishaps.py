"""What goes wrong between a platform and us: repeats, delays, disorder, conflicts, forgeries."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from mediaops_simulator.company.acts import BROKEN, UNMAPPED
from mediaops_simulator.company.cast import account
from mediaops_simulator.plan.sendings import Sending

__all__ = ["Mishaps"]


class Mishaps:
    """Turns the orderly requests of one day into what really arrives on that day.

    What is late, or comes again later, is kept for the days on which it will come.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.later: dict[int, list[Sending]] = defaultdict(list)

    def befall(self, sendings: Sequence[Sending], day: int) -> list[Sending]:
        """What arrives on that day, in the order in which it arrives."""
        rng = Random(f"{self.seed}:mishaps:{day}")
        arriving = list(self.later.pop(day, ()))
        for sending in sendings:
            if rng.random() < 0.012:
                self.later[day + rng.randrange(1, 4)].append(sending)
                continue
            arriving.append(sending)
            arriving += self._echoes(rng, sending, day)
        return _disordered(rng, arriving)

    def still_to_come(self) -> list[Sending]:
        """What has not arrived when the history ends: it comes at once."""
        left = [sending for day in sorted(self.later) for sending in self.later[day]]
        self.later.clear()
        return left

    def _echoes(self, rng: Random, sending: Sending, day: int) -> list[Sending]:
        """What follows a delivery that should not be there."""
        echoes: list[Sending] = []
        if rng.random() < 0.025:
            echoes.append(replace(sending, attempt=2))
        if rng.random() < 0.01:
            self.later[day + rng.randrange(1, 3)].append(replace(sending, attempt=3))
        if rng.random() < 0.004:
            echoes.append(replace(sending, is_forged=True, attempt=4))
        if rng.random() < 0.006:
            echoes += _conflict(sending)
        if rng.random() < 0.012:
            self.later[day + 1] += _imported(sending)
        return echoes


def _conflict(sending: Sending) -> list[Sending]:
    """The same key again, saying something else: the first one stands."""
    platform, act = account(sending.account).platform, sending.acts[0]
    if act.type in (UNMAPPED, BROKEN):
        return []
    if platform == "site":
        changed = (*sending.acts[:-1], replace(sending.acts[-1], region="CN-XX"))
        return [replace(sending, acts=changed, attempt=5)]
    if platform == "douyin":
        return [replace(sending, acts=(replace(act, at=act.at - 86_400),), attempt=5)]
    if act.type == "message.received":
        return [replace(sending, acts=(replace(act, text="(另一条)"),), attempt=5)]
    return []


def _imported(sending: Sending) -> list[Sending]:
    """An operator imports an export of what was pushed already, under the platform's own ids; one
    of its lines cannot be read."""
    if account(sending.account).platform != "douyin" or sending.acts[0].type == UNMAPPED:
        return []
    wrong = tuple(replace(act, type=BROKEN) for act in sending.acts)
    return [
        replace(sending, via="api", attempt=6),
        replace(sending, via="api", acts=wrong, attempt=7),
    ]


def _disordered(rng: Random, sendings: list[Sending]) -> list[Sending]:
    """Some requests overtake those just before them; repeats stay behind what they repeat."""
    places = [place + _delay(rng) for place in range(len(sendings))]
    first: dict[str, float] = {}
    for place, (at, sending) in enumerate(zip(places, sendings, strict=True)):
        known = first.setdefault(_thing(sending), at)
        places[place] = max(at, known + sending.attempt / 1000)
    order = sorted(range(len(sendings)), key=lambda index: places[index])
    return [sendings[index] for index in order]


def _thing(sending: Sending) -> str:
    return f"{sending.account}:{sending.key}"


def _delay(rng: Random) -> float:
    return rng.random() * 40 if rng.random() < 0.05 else 0.0
