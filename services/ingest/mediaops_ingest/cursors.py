"""The place in a list that is ordered by id, or by numbers."""

from uuid import UUID

from mediaops_common.http import Invalid
from mediaops_common.http.pagination import PageArgs

__all__ = ["id_after", "numbers_after"]


def id_after(page: PageArgs) -> UUID | None:
    """The id of the last row seen, None for the first page. Raises Invalid for a forged place."""
    place = page.place(1)
    if place is None:
        return None
    try:
        return UUID(str(place[0]))
    except ValueError:
        raise Invalid("after", "is not a place that a page gave") from None


def numbers_after(page: PageArgs, parts: int) -> tuple[int, ...] | None:
    """Likewise for a place of so many numbers."""
    place = page.place(parts)
    if place is None:
        return None
    if not all(isinstance(part, int) for part in place):
        raise Invalid("after", "is not a place that a page gave")
    return tuple(place)
