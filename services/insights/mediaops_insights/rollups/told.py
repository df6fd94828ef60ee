"""Names of the numbers in cells, for answers."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.names import service as names
from mediaops_insights.rollups.levels import Key
from mediaops_insights.rollups.questions import Tally

__all__ = ["Told"]


class Told:
    """Names of the numbers in some cells."""

    def __init__(
        self, channels: dict[int, UUID], texts: dict[int, str], contents: dict[int, str]
    ) -> None:
        self._channels = channels
        self._texts = texts
        self._contents = contents

    @classmethod
    async def of(cls, session: AsyncSession, cells: Iterable[tuple[int, ...]]) -> "Told":
        channels: set[int] = set()
        numbers: set[int] = set()
        contents: set[int] = set()
        for _bucket, channel, content, type_, region, *_currency in cells:
            channels.add(channel)
            numbers.add(type_)
            numbers.add(region)
            contents.add(content)
        texts = await names.texts(session, (channels | numbers) - {0})
        return cls(
            {number: UUID(texts[number]) for number in channels - {0}},
            texts,
            await names.content_texts(session, contents - {0}),
        )

    def tallies(self, cells: Mapping[Key, Sequence[int]]) -> list[Tally]:
        """The cells in the order of their keys."""
        return [
            Tally(key[0], *self.names(*key[1:]), *counts) for key, counts in sorted(cells.items())
        ]

    def names(
        self, channel: int, content: int, type_: int, region: int
    ) -> tuple[UUID | None, str | None, str | None, str | None]:
        return (
            self._channels[channel] if channel else None,
            self._contents[content] if content else None,
            self._texts[type_] if type_ else None,
            self._texts[region] if region else None,
        )
