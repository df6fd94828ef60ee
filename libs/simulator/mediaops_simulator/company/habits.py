"""What people do when they come, platform by platform."""

from collections.abc import Callable, Iterator
from random import Random

from mediaops_simulator.company.acts import Act
from mediaops_simulator.company.library import Library
from mediaops_simulator.company.people import Person

__all__ = ["HABITS", "leaves", "some_number"]

_SAYINGS = (
    "太香了",
    "求教程",
    "看着就饿",
    "我奶奶也这么做",
    "多久更新一次",
    "发货吗",
    "名字叫什么",
    "支持!",
)
_MENUS = ("MENU_SHOP", "MENU_RECIPES", "MENU_ABOUT")


def some_number(rng: Random, mean: float) -> int:
    """A whole number of that mean: how many come, how many pages they read."""
    number = 0
    left = rng.expovariate(1.0)
    while left < mean and number < 100_000:
        number += 1
        left += rng.expovariate(1.0)
    return number


def _hex_id(rng: Random) -> str:
    return f"{rng.getrandbits(80):020x}"


def _dwell(rng: Random) -> int:
    return 3 + int(rng.expovariate(1 / 25))


def _watch_videos(rng: Random, person: Person, at: int, library: Library) -> Iterator[Act]:
    """Douyin tells of likes, comments, follows, messages and orders; never of views."""
    if not person.has_come and rng.random() < 0.5:
        person.follows = True
        yield Act(person.account, "follow.created", at, _hex_id(rng), person.id)
    for _ in range(1 + some_number(rng, 0.7)):
        at += _dwell(rng)
        piece = library.looked_at(rng, person.account, at)
        luck = rng.random()
        if luck < 0.75 and piece is not None:
            content = piece.external_id
            yield Act(person.account, "like.created", at, _hex_id(rng), person.id, content=content)
        elif luck < 0.9 and piece is not None:
            yield Act(
                person.account,
                "comment.created",
                at,
                _hex_id(rng),
                person.id,
                content=piece.external_id,
                text=rng.choice(_SAYINGS),
            )
        elif luck < 0.96:
            yield Act(
                person.account,
                "message.received",
                at,
                _hex_id(rng),
                person.id,
                text=rng.choice(_SAYINGS),
            )
        else:
            yield Act(
                person.account,
                "order.paid",
                at,
                _hex_id(rng),
                person.id,
                amount=rng.choice((1990, 2990, 5800, 9900)),
                detail=_hex_id(rng),
            )


def _event(person: Person, type_: str, at: int, event: str, detail: str = "") -> Act:
    key = ":".join(part for part in (person.id, str(at), event, detail) if part)
    return Act(person.account, type_, at, key, person.id, detail=detail)


def _visit_service_account(rng: Random, person: Person, at: int, library: Library) -> Iterator[Act]:
    """A WeChat account hears of subscriptions, menus, codes, messages and orders."""
    if not person.has_come:
        person.follows = True
        code = f"qrscene_store_{rng.randrange(4)}" if rng.random() < 0.3 else ""
        yield _event(person, "follow.created", at, "subscribe", code)
    for _ in range(1 + some_number(rng, 0.6)):
        at += _dwell(rng)
        luck = rng.random()
        if luck < 0.55:
            yield _event(person, "menu.clicked", at, "CLICK", rng.choice(_MENUS))
        elif luck < 0.85:
            key = str(24_000_000_000_000_000 + rng.randrange(10**15))
            text = rng.choice(_SAYINGS)
            yield Act(person.account, "message.received", at, key, person.id, text=text)
        elif luck < 0.95:
            yield _event(person, "qrcode.scanned", at, "SCAN", f"store_{rng.randrange(4)}")
        else:
            order = str(3_700_000_000_000_000_000 + rng.randrange(10**16))
            paid = _event(person, "order.paid", at, "channels_ec_order_pay")
            yield Act(person.account, paid.type, at, paid.key, person.id, detail=order)


_ON_A_PAGE = (
    (0.10, "like.created"),
    (0.17, "favourite.created"),
    (0.19, "like.removed"),
    (0.23, "comment.created"),
    (0.28, "share.created"),
    (0.32, "track.coupon"),
    (0.36, "order.paid"),
    (0.52, "play.completed"),
)


def _browse_shop(rng: Random, person: Person, at: int, library: Library) -> Iterator[Act]:
    """The shop tells of every page, and of what is done on it."""

    def act(type_: str, content: str | None, **more: object) -> Act:
        return Act(
            person.account,
            type_,
            at,
            f"e{_hex_id(rng)}",
            person.id,
            content=content,
            region=person.region,
            **more,  # type: ignore[arg-type]
        )

    if not person.has_come and rng.random() < 0.25:
        yield act("signup.created", None)
        at += _dwell(rng)
    elif rng.random() < 0.03:
        # Some come only to take a like back; that makes nobody active.
        piece = library.looked_at(rng, person.account, at)
        yield act("like.removed", piece.external_id if piece else None)
        return
    for _ in range(1 + some_number(rng, 2.2)):
        piece = library.looked_at(rng, person.account, at)
        page = piece.external_id if piece else None
        again = 1 if rng.random() < 0.93 else rng.randrange(2, 6)
        yield act("view.recorded", page, count=again)
        luck = rng.random()
        type_ = next((name for below, name in _ON_A_PAGE if luck < below), None)
        at += _dwell(rng)
        if type_ == "order.paid":
            yield act(type_, page, amount=rng.randrange(900, 30_000), detail=_hex_id(rng))
        elif type_ == "comment.created":
            yield act(type_, page, text=rng.choice(_SAYINGS))
        elif type_ is not None:
            yield act(type_, page)


Habit = Callable[[Random, Person, int, Library], Iterator[Act]]

HABITS: dict[str, Habit] = {
    "douyin": _watch_videos,
    "wechat-oa": _visit_service_account,
    "site": _browse_shop,
}
"""Platform → what one visit there consists of."""


def leaves(rng: Random, person: Person, platform: str, at: int) -> Act:
    """The follower goes."""
    person.follows = False
    if platform == "wechat-oa":
        return _event(person, "follow.removed", at, "unsubscribe")
    return Act(person.account, "follow.removed", at, _hex_id(rng), person.id)
