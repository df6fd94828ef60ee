"""What the normaliser knows of sources, however many it meets at once."""

import asyncio
from uuid import UUID, uuid4

from mediaops_ingest.normaliser.source_book import SourceBook
from sqlalchemy import event


def counted(database) -> list[str]:
    """Every question of this task after sources, what belongs to them and channels, from now on:
    the door's own loops ask for sources too."""
    found: list[str] = []
    mine = asyncio.current_task()

    @event.listens_for(database.reader.sync_engine, "before_cursor_execute")
    def remember(_connection, _cursor, statement, *_rest) -> None:
        is_asked_for = "FROM source" in statement or "FROM channel" in statement
        if is_asked_for and asyncio.current_task() is mine:
            found.append(statement)

    return found


async def test_many_strangers_cost_no_more_statements_than_one(ingest) -> None:
    channel = await ingest.add_channel()
    made = [await ingest.add_source(channel if n % 2 else None) for n in range(6)]
    ids, nobody = [UUID(source["id"]) for source in made], uuid4()
    database, box = ingest.runtime.database, ingest.runtime.keys.box
    sent = counted(database)
    await SourceBook(database, box).source(ids[0])
    alone = len(sent)
    book = SourceBook(database, box)
    views = await book.sources({*ids, nobody})
    assert len(sent) == 2 * alone
    assert views[nobody] is None
    assert [str(views[one].channel_id) for one in ids] == [one["channel_id"] for one in made]
    assert [views[one].secrets[0] for one in ids] == [one["secrets"] for one in made]
    assert await book.sources(ids) == {one: views[one] for one in ids}
    assert len(sent) == 2 * alone, "whom it has met it knows"
