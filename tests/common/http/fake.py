"""A small service of the tests' own: notes, with everything a feature may use."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import httpx
from fastapi import APIRouter, Request, Response
from mediaops_common import idempotency
from mediaops_common.auth import issue_token
from mediaops_common.bus.open import open_bus
from mediaops_common.clock import FrozenClock
from mediaops_common.columns import BigInt, Guid
from mediaops_common.db import NAMING
from mediaops_common.http import (
    Caller,
    ClockDep,
    Conflict,
    NotFound,
    Page,
    PageQuery,
    Reads,
    Tx,
    allow,
    etag,
    page_of,
    parse_range,
    require_match,
)
from mediaops_common.http.app import build_app
from mediaops_common.ids import new_id, workspace_id
from mediaops_common.keys import make_keys, open_keys, open_private_key
from mediaops_common.service import Runtime, Service, close_runtime, open_runtime
from mediaops_common.settings import Settings, StoreSettings
from mediaops_common.tables import spine_tables
from pydantic import BaseModel, Field, StrictInt
from sqlalchemy import Column, MetaData, String, Table, Text, insert, select, update
from starlette.types import ASGIApp

from tests.databases import Backend

assert idempotency

METADATA = MetaData(naming_convention=NAMING)
NOTE = Table(
    "note",
    METADATA,
    Column("id", Guid, primary_key=True),
    Column("workspace_id", Guid, nullable=False),
    Column("title", String(200), nullable=False, unique=True),
    Column("text", Text, nullable=False),
    Column("stars", BigInt, nullable=False),
    Column("version", BigInt, nullable=False),
)
spine_tables(METADATA)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

router = APIRouter(prefix="/fake/v1/notes", tags=["notes"])


class NoteCreate(BaseModel, extra="forbid"):
    title: str = Field(min_length=1, max_length=200)
    text: str = ""
    stars: StrictInt = 0
    inner: dict[str, Any] = Field(default_factory=dict)


class NoteRead(BaseModel):
    id: UUID
    title: str
    text: str
    stars: int
    version: int


Reader = Annotated[Caller, allow("content:read")]
Writer = Annotated[Caller, allow("content:write")]


async def _find(session: Any, caller: Caller, note_id: UUID) -> Any:
    query = select(NOTE).where(NOTE.c.id == note_id, NOTE.c.workspace_id == caller.workspace_id)
    row = (await (await session.connection()).execute(query)).one_or_none()
    if row is None:
        raise NotFound()
    return row


@router.post("", status_code=201)
async def create_note(
    note: NoteCreate, caller: Writer, tx: Tx, request: Request, response: Response
) -> NoteRead:
    row = {"id": new_id(), "version": 1, **note.model_dump(exclude={"inner"})}
    connection = await tx.connection()
    await connection.execute(insert(NOTE).values(**row, workspace_id=caller.workspace_id))
    if note.title == "fails after the row":
        raise Conflict("on purpose")
    if note.title == "breaks":
        raise RuntimeError("secret detail")
    response.headers["ETag"] = etag(1)
    hook = request.app.state.runtime.state.get("before_commit")
    if hook is not None:
        await hook(tx)
    return NoteRead(**row)


@router.get("")
async def list_notes(
    caller: Reader, session: Reads, page: PageQuery, q: str | None = None
) -> Page[NoteRead]:
    query = select(NOTE).where(NOTE.c.workspace_id == caller.workspace_id).order_by(NOTE.c.id)
    after = page.after_id()
    if after is not None:
        query = query.where(NOTE.c.id > after)
    if q is not None:
        query = query.where(NOTE.c.title.contains(q, autoescape=True))
    rows = (await (await session.connection()).execute(query.limit(page.limit + 1))).all()
    kept, following = page_of(rows, page, lambda row: [str(row.id)])
    return Page(items=[NoteRead(**row._mapping) for row in kept], next=following)


@router.get("/range")
async def show_range(caller: Reader, request: Request) -> dict[str, Any]:
    query = request.query_params
    found = parse_range(query.get("from"), query.get("to"), caller.timezone)
    return {"start": found.start, "end": found.end}


@router.get("/now")
async def show_now(caller: Reader, clock: ClockDep, big: int = 0) -> dict[str, Any]:
    return {"now": clock.now(), "day": (clock.now() + timedelta(days=big)).date()}


@router.get("/{note_id}")
async def show_note(note_id: UUID, caller: Reader, session: Reads, response: Response) -> NoteRead:
    row = await _find(session, caller, note_id)
    response.headers["ETag"] = etag(row.version)
    return NoteRead(**row._mapping)


@router.put("/{note_id}")
async def change_note(
    note_id: UUID, note: NoteCreate, caller: Writer, tx: Tx, request: Request
) -> NoteRead:
    row = await _find(tx, caller, note_id)
    require_match(request, row.version)
    values = {**note.model_dump(exclude={"inner"}), "version": row.version + 1}
    connection = await tx.connection()
    await connection.execute(update(NOTE).where(NOTE.c.id == note_id).values(**values))
    return NoteRead(id=note_id, **values)


@router.post("/{note_id}/stars")
async def add_star(note_id: UUID, caller: Writer, tx: Tx) -> dict[str, int]:
    row = await _find(tx, caller, note_id)
    connection = await tx.connection()
    await connection.execute(update(NOTE).where(NOTE.c.id == note_id).values(stars=row.stars + 1))
    return {"stars": row.stars + 1}


@router.get("/partners/only")
async def show_partner(
    caller: Annotated[Caller, allow("ingest:read", partners=True)],
) -> dict[str, Any]:
    return {"sources": sorted(map(str, caller.sources or ()))}


@router.get("/staff/ingest")
async def show_staff(caller: Annotated[Caller, allow("ingest:read")]) -> dict[str, Any]:
    return {}


@router.get("/admin/lag")
async def show_lag(caller: Annotated[Caller, allow("admin:read")]) -> dict[str, Any]:
    return {"workspace_id": str(caller.workspace_id)}


FAKE = Service(name="fake", metadata=METADATA, routers=[router])


class Running:
    """The fake service with its app, its clock and tokens for it."""

    def __init__(self, runtime: Runtime, app: ASGIApp, clock: FrozenClock) -> None:
        self.runtime = runtime
        self.app = app
        self.clock = clock
        self.folder = runtime.data_dir / "keys"
        self.private = open_private_key(runtime.common.keys, self.folder)

    def token(self, workspace: str = "acme", role: str = "owner", **more: Any) -> str:
        more.setdefault("lifetime", timedelta(hours=1))
        return issue_token(
            self.private,
            self.runtime.common.keys,
            self.clock.now(),
            workspace=workspace,
            role=role,
            **more,
        )

    def bearer(self, *args: Any, **more: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(*args, **more)}"}

    def client(self, **headers: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://fake", headers=headers)

    async def add_workspace(self, slug: str, timezone: str = "Asia/Shanghai") -> None:
        async with self.runtime.database.write() as session:
            await (await session.connection()).execute(
                insert(self.runtime.database.tables.workspace).values(
                    workspace_id=workspace_id(slug),
                    slug=slug,
                    name=slug,
                    timezone=timezone,
                    version=1,
                    has_activity=False,
                )
            )


async def settings_on(backend: Backend, folder: Path, service: Service = FAKE) -> Settings:
    """Those of a service with a blank database there."""
    url = await backend.blank(folder, service.name)
    return Settings(store=StoreSettings(data=folder, database_url=url))


@asynccontextmanager
async def running(
    folder: Path, service: Service = FAKE, common: Settings | None = None
) -> AsyncIterator[Running]:
    """The fake service with the workspace `acme`; on a SQLite file in this folder, if `common` says
    nothing else."""
    common = common or Settings(store=StoreSettings(data=folder))
    if not (folder / "keys").exists():
        make_keys(common.keys, folder / "keys")
    is_new = not (folder / f"{service.name}.db").exists()
    clock = FrozenClock(NOW)
    bus = await open_bus(f"sqlite:///{folder}/bus.db")
    runtime = await open_runtime(
        service,
        bus=bus,
        clock=clock,
        keys=open_keys(common.keys, folder / "keys"),
        common=common,
        migrating=False,
    )
    try:
        fake = Running(runtime, build_app(service, runtime), clock)
        if is_new:
            async with runtime.database.writer.begin() as connection:
                await connection.run_sync(service.metadata.create_all)
            await fake.add_workspace("acme")
        yield fake
    finally:
        await close_runtime(runtime)
        await bus.close()
