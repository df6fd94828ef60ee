"""The company day by day, and moment by moment."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from zoneinfo import ZoneInfo

from mediaops_simulator.company.acts import BROKEN, UNMAPPED, Act
from mediaops_simulator.company.cast import ACCOUNTS, Account
from mediaops_simulator.company.habits import HABITS, leaves, some_number
from mediaops_simulator.company.library import Library
from mediaops_simulator.company.people import Person, newcomer
from mediaops_simulator.company.rhythm import day_weight, moment_of
from mediaops_simulator.company.story import Story

__all__ = ["Company"]

_PIECES_A_DAY = {"douyin": 0.7, "wechat-oa": 0.3, "site": 1.2}


class Company:
    """Days must be asked for in order: what happens today follows from yesterday.

    Everything comes from the seed; the anchor (the first day after the history) only says which
    dates the days have.
    """

    def __init__(
        self, seed: int, *, anchor: date, days: int, zone: ZoneInfo, scale: float = 1.0
    ) -> None:
        self.seed, self.zone, self.scale = seed, zone, scale
        self.story = Story(days)
        self.first_day = anchor - timedelta(days=days)
        self.library = Library()
        self.people: dict[str, list[Person]] = {account.key: [] for account in ACCOUNTS}

    def date_of(self, day: int) -> date:
        return self.first_day + timedelta(days=day)

    def day(self, day: int) -> list[Act]:
        """All acts that begin on that day of the story, in the order of their moments."""
        acts: list[Act] = []
        for account in ACCOUNTS:
            rng = Random(f"{self.seed}:{account.key}:{day}")
            if not self.story.is_quiet(account, day):
                self._publish(rng, account, day)
                acts += self._people_come(rng, account, day)
                acts += self._oddities(rng, account, day)
            acts += self._people_leave(rng, account, day)
        return sorted(acts, key=lambda act: (act.at, act.key))

    def moment(self, rng: Random, day: int, at: int) -> list[Act]:
        """What somebody does right now, the last act being at `at`."""
        account = rng.choices(ACCOUNTS, weights=[each.newcomers for each in ACCOUNTS])[0]
        people = self.people[account.key]
        if people and rng.random() < 0.8:
            person = rng.choice(people)
        else:
            person = self._arrive(rng, account, day)
        acts = self._visit(rng, account, person, at)
        behind = max(act.at for act in acts) - at
        return [_moved(act, -behind) for act in acts]

    def _publish(self, rng: Random, account: Account, day: int) -> None:
        is_hit = account.has_hit and day == self.story.hit
        for _ in range(max(some_number(rng, _PIECES_A_DAY[account.platform]), day == 0, is_hit)):
            at = moment_of(rng, self.date_of(day), self.zone)
            self.library.publish(rng, account.key, day, at, is_hit=is_hit)
            is_hit = False

    def _people_come(self, rng: Random, account: Account, day: int) -> Iterator[Act]:
        weight = day_weight(self.date_of(day))
        mean = account.newcomers * self.scale * weight * self.story.rush(account, day)
        coming = [each for each in self.people[account.key] if rng.random() < each.chance(day)]
        coming += [self._arrive(rng, account, day) for _ in range(some_number(rng, mean))]
        for person in coming:
            at = moment_of(rng, self.date_of(day), self.zone)
            yield from self._visit(rng, account, person, at)

    def _arrive(self, rng: Random, account: Account, day: int) -> Person:
        came_with_hit = self.story.is_rush(account, day)
        person = newcomer(rng, account.key, day, came_with_hit=came_with_hit)
        neighbours = self.people[ACCOUNTS[0].key]
        shares_an_app = account.platform == "douyin" and account is not ACCOUNTS[0]
        if shares_an_app and neighbours and rng.random() < 0.2:
            # The accounts share an app, so whoever follows two of them has one id on both.
            person.id = rng.choice(neighbours).id
        self.people[account.key].append(person)
        return person

    def _visit(self, rng: Random, account: Account, person: Person, at: int) -> list[Act]:
        acts = list(HABITS[account.platform](rng, person, at, self.library))
        person.has_come = True
        return acts

    def _people_leave(self, rng: Random, account: Account, day: int) -> Iterator[Act]:
        for person in self.people[account.key]:
            if not person.follows or person.joined == day:
                continue
            if rng.random() < self.story.chance_to_leave(person, day):
                at = moment_of(rng, self.date_of(day), self.zone)
                yield leaves(rng, person, account.platform, at)
                person.habit *= 0.1
                # Whoever comes back to a service account subscribes anew.
                person.has_come = account.platform != "wechat-oa"

    def _oddities(self, rng: Random, account: Account, day: int) -> Iterator[Act]:
        """Now and then something the company does itself, and something nobody understands."""
        for _ in range(some_number(rng, 0.5)):
            at = moment_of(rng, self.date_of(day), self.zone)
            key = f"{rng.getrandbits(80):020x}"
            yield Act(account.key, UNMAPPED, at, key, person=f"u{key}")
        if account.platform == "site":
            for _ in range(some_number(rng, 0.4)):
                at = moment_of(rng, self.date_of(day), self.zone)
                yield Act(account.key, BROKEN, at, f"b{rng.getrandbits(80):020x}")
        if account.platform == "douyin" and rng.random() < 0.4:
            at = moment_of(rng, self.date_of(day), self.zone)
            piece = self.library.looked_at(rng, account.key, at)
            yield Act(
                account.key,
                "comment.created",
                at,
                f"{rng.getrandbits(80):020x}",
                account.external_id,
                by_account=True,
                content=piece.external_id if piece else None,
                text="谢谢大家,第二集周五见",
            )


def _moved(act: Act, seconds: int) -> Act:
    """The act at another time, with the key that it has then."""
    moved = str(act.at + seconds)
    return replace(act, at=act.at + seconds, key=act.key.replace(f":{act.at}:", f":{moved}:"))
