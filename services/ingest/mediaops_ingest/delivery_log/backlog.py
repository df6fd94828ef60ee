"""How many deliveries lie above what was dealt with, also where that goes across days."""

from mediaops_ingest.delivery_log.days import day_in, place_in

__all__ = ["Backlog"]


class Backlog:
    """The newest seq of each day, and up to where it was read."""

    def __init__(self) -> None:
        self.newest_by_day: dict[int, int] = {}
        self.read_through: int | None = None
        """None before the first note."""

    def note_read(self, through: int) -> None:
        self.read_through = max(through, self.read_through or 0)

    def note_newest(self, seq: int) -> None:
        self.newest_by_day[day_in(seq)] = max(seq, self.newest_by_day.get(day_in(seq), 0))

    def count(self, newest: int) -> int:
        """0 before the first note."""
        read = self.read_through
        if read is None or newest <= read:
            return 0
        if day_in(newest) == day_in(read):
            return newest - read
        later = (seq for day, seq in self.newest_by_day.items() if day >= day_in(read))
        return sum(place_in(seq) for seq in later) - place_in(read)
