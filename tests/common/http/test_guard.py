"""The app does not build when a route does not say what it demands."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from mediaops_common.http import Caller, allow
from mediaops_common.http.app import build_app
from mediaops_common.http.routes import PUBLIC, Undeclared, gate_of
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.common.http.fake import FAKE, Running, running


def with_router(fake: Running, router: APIRouter) -> None:
    build_app(replace(FAKE, routers=[router]), fake.runtime)


async def test_a_route_without_scope_stops_the_start(fake: Running) -> None:
    router = APIRouter(prefix="/fake/v1")

    @router.get("/open")
    async def show_open() -> None: ...

    with pytest.raises(Undeclared, match="show_open"):
        with_router(fake, router)


async def test_a_route_with_two_scopes_stops_the_start(fake: Running) -> None:
    router = APIRouter(prefix="/fake/v1", dependencies=[allow("crm:read")])

    @router.get("/twice")
    async def show_twice(caller: Annotated[Caller, allow("crm:write")]) -> None: ...

    with pytest.raises(Undeclared, match="2 scopes"):
        with_router(fake, router)


async def test_a_raw_route_stops_the_start(fake: Running) -> None:
    router = APIRouter()
    router.routes.append(Route("/fake/v1/raw", PlainTextResponse("")))
    with pytest.raises(Undeclared, match="nothing guards it"):
        with_router(fake, router)


async def test_a_route_outside_the_services_path_stops_the_start(fake: Running) -> None:
    router = APIRouter()

    @router.get("/elsewhere")
    async def show_elsewhere(caller: Annotated[Caller, allow(None)]) -> None: ...

    with pytest.raises(Undeclared, match="does not begin"):
        with_router(fake, router)


async def test_two_functions_of_one_name_stop_the_start(fake: Running) -> None:
    router = APIRouter(prefix="/fake/v1")

    @router.get("/a", name="same")
    async def show_a(caller: Annotated[Caller, allow(None)]) -> None: ...

    @router.get("/b", name="same")
    async def show_b(caller: Annotated[Caller, allow(None)]) -> None: ...

    with pytest.raises(Undeclared, match="both same"):
        with_router(fake, router)


def test_an_unknown_scope_is_an_error_where_it_is_written() -> None:
    with pytest.raises(ValueError, match="no scope"):
        allow("crm:erase")  # type: ignore[arg-type]


async def test_every_route_answers_401_without_token_except_the_public(fake: Running) -> None:
    async with fake.client() as client:
        description = (await client.get("/fake/openapi.json")).json()
        for path, methods in description["paths"].items():
            for method, operation in methods.items():
                answer = await client.request(method, path.replace("{", "").replace("}", ""))
                is_open = operation["operationId"] in PUBLIC
                assert (answer.status_code != 401) == is_open, path
                assert ("security" in operation) != is_open, path


async def test_operation_ids_are_function_names(fake: Running) -> None:
    async with fake.client() as client:
        description = (await client.get("/fake/openapi.json")).json()
    found = {
        operation["operationId"]
        for methods in description["paths"].values()
        for operation in methods.values()
    }
    assert {"create_note", "list_notes", "show_me", "show_readiness"} <= found
    assert description["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


async def test_building_twice_from_the_same_routers_gives_two_apps(tmp_path: Path) -> None:
    for name in ("one", "two"):
        async with running(tmp_path / name) as fake, fake.client(**fake.bearer()) as client:
            assert (await client.get("/fake/v1/me")).status_code == 200


def test_each_gate_says_its_scope() -> None:
    for route in FAKE.routers[0].routes:
        assert isinstance(route, APIRoute)
        assert gate_of(route) is not None
