"""Opens the cursors that this service's lists give."""

from uuid import UUID

from mediaops_common.http import Invalid, PageQuery

__all__ = ["id_place", "number_place"]


def id_place(page: PageQuery) -> UUID | None:
    """The id of the last row seen, or None for the first page. Raises Invalid when forged."""
    place = page.place(1)
    if place is None:
        return None
    try:
        return UUID(place[0])
    except (ValueError, AttributeError, TypeError):
        raise Invalid("after", "is not a place that a page gave") from None


def number_place(page: PageQuery) -> int | None:
    """The number of the last row seen, or None for the first page. Raises Invalid when forged."""
    place = page.place(1)
    if place is None:
        return None
    if not isinstance(place[0], int):
        raise Invalid("after", "is not a place that a page gave")
    return place[0]
