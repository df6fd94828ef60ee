"""What the normaliser knows of sources, kept until the registry changes."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from uuid import UUID

from mediaops_common.db import Database
from mediaops_common.keys import SecretBox
from mediaops_common.platforms import id_scope

from mediaops_ingest.channels import service as channels
from mediaops_ingest.channels.service import Channel
from mediaops_ingest.mappings.compiled import compile_mapping
from mediaops_ingest.mappings.values import BadMapping
from mediaops_ingest.normaliser import repository
from mediaops_ingest.normaliser.reading import LockedView, SourceView
from mediaops_ingest.platforms.identity import Scope
from mediaops_ingest.platforms.port import Context
from mediaops_ingest.sources import service as sources
from mediaops_ingest.sources.opened import Opened, Unopened

__all__ = ["SourceBook", "View"]

View = SourceView | LockedView | None
"""None for sources without a channel, whose items were all rejected."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SourceBook:
    """Views of sources by id. `refresh` forgets them all when any source or channel changed."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        self._database = database
        self._box = box
        self._views: dict[UUID, View] = {}
        self._timezones: dict[UUID, str] = {}
        self.version = -1
        """Of the registry, as `refresh` saw it last."""

    async def refresh(self) -> None:
        """One cheap read; called before each batch."""
        async with self._database.glance() as session:
            version = await sources.version(session)
        if version != self.version:
            # New ones, because somebody may be about to put what is old by now into those there.
            self._views, self._timezones = {}, {}
            self.version = version

    def forget(self) -> None:
        """The next look is at the database."""
        self.version = -1

    async def source(self, source_id: UUID) -> View:
        return (await self.sources({source_id}))[source_id]

    async def sources(self, ids: Collection[UUID]) -> dict[UUID, View]:
        """Likewise several: those not met yet are read together, for a change of one source makes
        all of them strangers."""
        views = self._views
        strangers = [one for one in ids if one not in views]
        if strangers:
            views |= await self._load(strangers)
        return {one: views[one] for one in ids}

    async def timezone(self, workspace_id: UUID) -> str:
        timezones = self._timezones
        if workspace_id not in timezones:
            async with self._database.read() as session:
                timezones[workspace_id] = await repository.timezone_of(session, workspace_id)
        return timezones[workspace_id]

    async def _load(self, ids: Sequence[UUID]) -> dict[UUID, View]:
        views: dict[UUID, View] = dict.fromkeys(ids)
        accounts: dict[UUID, Channel] = {}
        async with self._database.read() as session:
            found = await sources.by_ids(session, ids)
            opened = await sources.open_to_read(session, self._box, found)
            wanted: dict[UUID, set[UUID]] = {}
            for source in found:
                if source.channel_id is not None:
                    wanted.setdefault(source.workspace_id, set()).add(source.channel_id)
            for workspace_id, channel_ids in wanted.items():
                for channel in await channels.by_ids(session, workspace_id, channel_ids):
                    accounts[channel.id] = channel
        for one in opened:
            if one.source.channel_id is not None:
                views[one.source.id] = await self._view(one, accounts[one.source.channel_id])
        return views

    async def _view(self, opened: Opened | Unopened, channel: Channel) -> SourceView | LockedView:
        if isinstance(opened, Unopened):
            return LockedView(opened.reason)
        source = opened.source
        try:
            mapping = None if opened.mapping is None else compile_mapping(opened.mapping)
        except BadMapping:
            return LockedView("the mapping of its source is none of this version")
        return SourceView(
            id=source.id,
            workspace_id=source.workspace_id,
            channel_id=channel.id,
            adapter=opened.adapter,
            scope=Scope(
                source.workspace_id,
                channel.id,
                opened.adapter.declaration.namespace(channel.platform),
            ),
            secrets=opened.secrets,
            config=source.config,
            mapping_revision=source.mapping_revision,
            mapping=mapping,
            context=Context(
                channel_id=channel.id,
                channel_external_id=channel.external_id,
                platform=channel.platform,
                id_scope=id_scope(channel.platform, channel.id, channel.app_id),
                timezone=await self.timezone(source.workspace_id),
                received_at=EPOCH,
            ),
            workspace=str(source.workspace_id),
        )
