"""The rules of the house, as tests."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute
from mediaops_common.admin.api import admin_router
from mediaops_common.bus.open import open_bus
from mediaops_common.cli.process import load_services
from mediaops_common.clock import SystemClock
from mediaops_common.http.app import build_app
from mediaops_common.http.operations import operations_router
from mediaops_common.http.routes import PUBLIC, gate_of
from mediaops_common.keys import make_keys, open_keys
from mediaops_common.roles import ROLES, SCOPES
from mediaops_common.service import Service, close_runtime, open_runtime
from mediaops_common.settings import Settings, StoreSettings

ROOT = Path(__file__).parents[1]
SERVICES = sorted(point.name for point in entry_points(group="mediaops.services"))

LONGEST = 400

BANNED_WORDS = {"util", "utils", "helper", "helpers", "manager", "managers", "processor", "misc"}

HEAVY = {
    "aiokafka",
    "aiosqlite",
    "alembic",
    "asyncpg",
    "httpx",
    "hypothesis",
    "jmespath",
    "jsonschema",
    "numpy",
    "pandas",
    "pyroaring",
    "rich",
    "typer",
    "uvicorn",
    "uvloop",
}
ALLOWED = {
    # structlog imports it where it is installed, and typer brings it.
    "*": {"rich"},
    # Mappings are checked when a source is saved and applied in the normaliser.
    "ingest": {"jmespath"},
}
"""Service → what importing its table of contents may bring in, with the reason."""


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the repository that is text."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    return tuple(path for path in paths if path.is_file() and b"\0" not in path.read_bytes())


def own_modules() -> Iterator[Path]:
    """The Python files that people wrote; migrations are generated."""
    for folder in ("libs", "services", "tests"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.relative_to(ROOT).parts[:-1]:
                yield path


def service_modules(name: str = "*.py") -> list[Path]:
    found = [p for p in own_modules() if p.is_relative_to(ROOT / "services") and p.match(name)]
    assert found
    return found


def of_root(path: Path) -> str:
    return str(path.relative_to(ROOT))


def features() -> list[str]:
    """`mediaops_SERVICE.FEATURE` of every feature folder."""
    found = []
    for path in sorted((ROOT / "services").glob("*/mediaops_*/*/__init__.py")):
        service = path.parents[1].name
        if service != "mediaops_console" and path.parent.name != "migrations":
            found.append(f"{service}.{path.parent.name}")
    return found


@cache
def contracts() -> list[dict[str, list[str]]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found: list[dict[str, list[str]]] = settings["tool"]["importlinter"]["contracts"]
    return found


def test_every_feature_has_its_layers_in_a_contract() -> None:
    named = {name for contract in contracts() for name in contract.get("containers", ())}
    assert sorted(set(features()) - named) == [], "add it to the containers in pyproject.toml"


def test_every_repository_is_private_by_a_contract() -> None:
    protected = {name for contract in contracts() for name in contract.get("protected_modules", ())}
    repositories = {
        f"{path.parents[1].name}.{path.parent.name}.repository"
        for path in service_modules("repository.py")
    }
    assert sorted(repositories - protected) == [], "add a contract to pyproject.toml"


def test_a_service_file_has_a_name_that_says_what_it_does() -> None:
    wrong = [of_root(p) for p in own_modules() if set(p.stem.split("_")) & BANNED_WORDS]
    folders = {parent for p in own_modules() for parent in p.relative_to(ROOT).parts[:-1]}
    assert wrong == []
    assert folders & BANNED_WORDS == set()


def test_files_stay_short() -> None:
    lengths = {of_root(p): len(p.read_text().splitlines()) for p in own_modules()}
    assert {p: n for p, n in lengths.items() if n > LONGEST} == {}


@pytest.mark.parametrize("name", ["repository.py", "service.py"])
def test_nobody_below_the_session_commits(name: str) -> None:
    wrong = [of_root(p) for p in service_modules(name) if ".commit(" in p.read_text()]
    assert wrong == []


def functions(path: Path) -> list[ast.AsyncFunctionDef | ast.FunctionDef]:
    tree = ast.parse(path.read_text())
    kinds = (ast.AsyncFunctionDef, ast.FunctionDef)
    return [node for node in tree.body if isinstance(node, kinds)]


def test_a_repository_function_is_named_after_what_it_returns() -> None:
    wrong = [
        f"{of_root(path)}: {function.name}"
        for path in service_modules("repository.py")
        for function in functions(path)
        if re.match(r"(get|fetch|list|select|query|retrieve)_", function.name)
    ]
    assert wrong == []


def test_a_handler_is_named_after_its_effect() -> None:
    wrong = [
        f"{of_root(path)}: {function.name}"
        for path in service_modules("handlers.py")
        for function in functions(path)
        if re.match(r"(on|handle|process)_", function.name)
    ]
    assert wrong == []


def test_now_comes_from_a_clock() -> None:
    """Rows that only operations people read may be stamped by the machine's own clock."""
    stamps = {"services/ingest/mediaops_ingest/republish/handlers.py"}
    wrong = {
        of_root(path)
        for path in service_modules()
        if re.search(r"datetime\.(now|utcnow|today)\(|\btime\.time\(\)", path.read_text())
    }
    assert wrong - stamps == set()


def test_a_body_names_days_and_moments_that_can_be_counted_with() -> None:
    """`Day` and `Moment` of common are text and bounded; the bare types overflow later on."""
    wrong = {
        f"{of_root(path)}:{field.lineno}"
        for path in service_modules("schemas.py")
        for model in ast.walk(ast.parse(path.read_text()))
        if isinstance(model, ast.ClassDef) and "forbid" in ast.unparse(model)
        for field in model.body
        if isinstance(field, ast.AnnAssign)
        and re.search(r"\b(date|datetime|\w+Date|\w+Datetime)\b", ast.unparse(field.annotation))
    }
    assert wrong == set()


def test_nothing_is_left_for_later() -> None:
    later = re.compile(rf"\b({'|'.join(['TO' + 'DO', 'FIX' + 'ME'])})\b")
    assert [of_root(p) for p in tracked() if later.search(p.read_text("utf-8", "replace"))] == []


def test_no_tracked_file_names_a_machine_or_a_registry() -> None:
    parts = [
        r"(?<![\w.])/(root|work|Users|home/\w+)/",
        r"pypi\.org|pythonhosted|npmjs\.(com|org)|maven\.org|artifactory|index-url",
    ]
    named = re.compile("|".join(parts), re.IGNORECASE)
    this = Path(__file__).resolve()
    wrong = [
        f"{of_root(path)}:{number}"
        for path in tracked()
        if path.resolve() != this
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1)
        if named.search(line)
    ]
    assert wrong == []


def test_nothing_refers_to_a_page_that_is_not_here() -> None:
    """Whoever reads it has this repository and nothing else."""
    absent = re.compile(r"\b(DESIGN|STYLE|REPORT)(\.md| §)|\bmetrics §")
    assert [of_root(p) for p in tracked() if absent.search(p.read_text("utf-8", "replace"))] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", SERVICES)
def test_importing_a_service_brings_in_nothing_heavy(name: str) -> None:
    code = (
        f"import sys, mediaops_{name}.main\n"
        "print(*sorted({module.partition('.')[0] for module in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    allowed = ALLOWED["*"] | ALLOWED.get(name, set())
    assert HEAVY & set(done.stdout.split()) - allowed == set()


async def routes_of(service: Service, data: Path) -> tuple[list[APIRoute], dict[str, int]]:
    """The routes, and how each `METHOD path` answers somebody without a token."""
    common = Settings(store=StoreSettings(data=data))
    make_keys(common.keys, data / "keys")
    bus = await open_bus(f"sqlite:///{data}/bus.db")
    runtime = await open_runtime(
        service,
        bus=bus,
        clock=SystemClock(),
        keys=open_keys(common.keys, data / "keys"),
        common=common,
    )
    try:
        routers = [
            *service.routers,
            operations_router(service.name),
            admin_router(service.name, consumes_only=not service.owns_workspaces),
        ]
        routes = [r for router in routers for r in router.routes if isinstance(r, APIRoute)]
        transport = httpx.ASGITransport(build_app(service, runtime))
        answers = {}
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            for route in routes:
                for method in route.methods:
                    path = re.sub(r"\{[^}]+\}", "00000000-0000-0000-0000-000000000000", route.path)
                    if route.name not in PUBLIC:
                        answers[f"{method} {route.path}"] = (
                            await client.request(method, path)
                        ).status_code
        return routes, answers
    finally:
        await close_runtime(runtime)
        await bus.close()


@pytest.mark.parametrize("name", SERVICES)
async def test_every_route_demands_one_scope_that_some_role_has(name: str, tmp_path: Path) -> None:
    routes, answers = await routes_of(load_services([name])[name], tmp_path)
    assert len(routes) > len(PUBLIC)
    granted = frozenset().union(*ROLES.values())
    for route in routes:
        gate = gate_of(route)
        if gate is None:
            assert route.name in PUBLIC
        elif gate.scope is not None:
            assert gate.scope in SCOPES & granted, route.path
    refused = {path: status for path, status in answers.items() if status != 401}
    assert refused == {}, "these answer somebody without a token"
    names = [route.name for route in routes]
    assert len(set(names)) == len(names), "operation ids are unique"
