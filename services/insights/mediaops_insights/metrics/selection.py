"""What is selected: filters and groups, with what is known of the channels."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from mediaops_common.zones import day_of

from mediaops_insights.registry.service import KnownChannel

__all__ = ["Group", "Selection", "in_order", "within"]

Group = tuple[str | None, ...]
"""The values of the dimensions grouped by, in their order."""

OF_CHANNELS = frozenset({"channel", "platform", "owner_kind"})


@dataclass(frozen=True)
class Selection:
    """A question's filters and groups. A filter that is None lets everything pass."""

    workspace_id: UUID
    timezone: str
    now: datetime
    known: Mapping[UUID, KnownChannel]
    """Every channel of the workspace."""
    group_by: tuple[str, ...] = ()
    channels: frozenset[UUID] | None = None
    """Filters by channel, platform and owner kind together, as channels."""
    contents: frozenset[str] | None = None
    types: frozenset[str] | None = None
    regions: frozenset[str] | None = None
    currencies: frozenset[str] | None = None
    _parts: dict[UUID | None, Group] = field(default_factory=dict, compare=False, repr=False)
    _by_part: dict[Group, list[UUID]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def today(self) -> date:
        """The workspace's local day."""
        return day_of(self.now, self.timezone)

    @property
    def by_channel(self) -> bool:
        """Whether channels must be told apart."""
        return not OF_CHANNELS.isdisjoint(self.group_by)

    @property
    def contributing(self) -> list[UUID]:
        """The channels that contribute to the answer as a whole."""
        return sorted(self.known) if self.channels is None else sorted(self.channels)

    def group(
        self,
        channel: UUID | None = None,
        content: str | None = None,
        type_: str | None = None,
        region: str | None = None,
        currency: str | None = None,
    ) -> Group:
        """The group that a fact belongs to."""
        of_channel = self._part(channel)
        if len(of_channel) == len(self.group_by):
            return of_channel
        told = {"content": content, "type": type_, "region": region, "currency": currency}
        parts = iter(of_channel)
        return tuple(
            next(parts) if dimension in OF_CHANNELS else told[dimension]
            for dimension in self.group_by
        )

    def _part(self, channel: UUID | None) -> Group:
        """What a channel says of the groups that its facts belong to."""
        known = self._parts.get(channel)
        if known is None:
            known = self._parts[channel] = tuple(
                self._of_channel(dimension, channel)
                for dimension in self.group_by
                if dimension in OF_CHANNELS
            )
        return known

    def _of_channel(self, dimension: str, channel: UUID | None) -> str | None:
        if dimension == "channel" or channel is None:
            return None if channel is None else str(channel)
        known = self.known.get(channel)
        if known is None:
            return None
        return known.platform if dimension == "platform" else known.owner_kind

    def part_of(self, group: Group) -> Group:
        """What a group says of channels: groups that say the same have the same channels."""
        return tuple(
            value
            for dimension, value in zip(self.group_by, group, strict=True)
            if dimension in OF_CHANNELS
        )

    def channels_of(self, group: Group) -> list[UUID]:
        """The channels that contribute to a group."""
        if not self._by_part:
            for channel in self.contributing:
                self._by_part.setdefault(self._part(channel), []).append(channel)
        return self._by_part.get(self.part_of(group), [])

    def standing_groups(self) -> list[Group]:
        """The groups that are there without any fact: quiet channels are shown, with 0.

        Groups by anything but channels are those that have facts.
        """
        if not OF_CHANNELS.issuperset(self.group_by):
            return []
        if not self.group_by:
            return [()]
        return sorted({self.group(channel) for channel in self.contributing}, key=_sortable)


def _sortable(group: Group) -> list[str]:
    return [value or "" for value in group]


def in_order(groups: Iterable[Group]) -> list[Group]:
    """The groups, each once, in the order of their values."""
    return sorted(set(groups), key=_sortable)


def within(value: Collection[str]) -> frozenset[str] | None:
    """A filter from the values given for it: none given, everything passes."""
    return frozenset(value) or None
