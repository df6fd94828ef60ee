"""Reads compose.yaml as Compose does: anchors, variables of an .env file, profiles."""

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

__all__ = ["ROOT", "VARIABLE", "Container", "containers_of", "read_env", "resolved"]

ROOT = Path(__file__).parents[2]
VARIABLE = re.compile(r"\$(?:\$|\{(\w+)(?:(:-|:\?)([^}]*))?\})")
JOB = "service_completed_successfully"


@dataclass(frozen=True)
class Container:
    """What the file says of one container, without what only an engine can do."""

    name: str
    image: str
    command: list[str]
    """Entry point and arguments; where the file names no entry point, the image's own."""
    environment: dict[str, str]
    mounts: dict[str, str]
    """Path inside → path beside compose.yaml, or the name of a volume."""
    folders: list[str]
    """Paths that are empty and writable."""
    secrets: dict[str, str]
    """Name in /run/secrets → path beside compose.yaml."""
    check: list[str] | None
    after: dict[str, str] = field(default_factory=dict)
    """Container → the condition under which this one starts."""
    is_job: bool = False
    memory: int = 0
    """The most it may have, in bytes."""


def read_env(path: Path) -> dict[str, str]:
    lines = (line for line in path.read_text().splitlines() if line and line[0] != "#")
    return dict(line.split("=", 1) for line in lines)


def resolved(environment: dict[str, str]) -> dict[str, Any]:
    """The whole file, with variables filled in."""
    loaded = YAML(typ="safe").load(ROOT / "compose.yaml")
    filled: dict[str, Any] = _fill(loaded, environment)
    return filled


def _fill(node: Any, environment: dict[str, str]) -> Any:
    def of(match: re.Match[str]) -> str:
        name, mark, text = match.groups()
        if name is None:
            return "$"
        value = environment.get(name, "")
        if value or mark is None:
            return value
        if mark == ":?":
            raise LookupError(f"{name}: {text}")
        return str(text)

    if isinstance(node, str):
        return VARIABLE.sub(of, node)
    if isinstance(node, list):
        return [_fill(item, environment) for item in node]
    if isinstance(node, dict):
        return {key: _fill(value, environment) for key, value in node.items()}
    return node


def containers_of(environment: dict[str, str], *profiles: str) -> dict[str, Container]:
    """The containers that `docker compose up` starts, with these profiles."""
    file = resolved(environment)
    chosen = {
        name: service
        for name, service in file["services"].items()
        if not service.get("profiles") or set(profiles) & set(service["profiles"])
    }
    after = {name: service.get("depends_on", {}) for name, service in chosen.items()}
    jobs = {n for deps in after.values() for n, how in deps.items() if how["condition"] == JOB}
    return {
        name: Container(
            name=name,
            image=service["image"],
            command=[*(service.get("entrypoint") or _entry_point()), *service.get("command", [])],
            environment=service.get("environment", {}),
            mounts=dict(_mount(volume) for volume in service.get("volumes", [])),
            folders=[folder.partition(":")[0] for folder in service["tmpfs"]],
            secrets={s: file["secrets"][s]["file"] for s in service.get("secrets", [])},
            check=_check(service.get("healthcheck", {})),
            after={n: how["condition"] for n, how in after[name].items() if n in chosen},
            is_job=name in jobs,
            memory=_bytes(service["mem_limit"]),
        )
        for name, service in chosen.items()
    }


def _mount(volume: str) -> tuple[str, str]:
    source, target = volume.removesuffix(":ro").split(":")
    return target, source


def _bytes(limit: str) -> int:
    return int(limit[:-1]) << {"m": 20, "g": 30}[limit[-1]]


def _check(healthcheck: dict[str, Any]) -> list[str] | None:
    test = healthcheck.get("test")
    if test is None:
        return None
    assert test[0] == "CMD", "a shell is not in every image"
    return list(test[1:])


@cache
def _entry_point() -> list[str]:
    """The one of our own images."""
    found = re.search(r"^ENTRYPOINT (.+)$", (ROOT / "Dockerfile").read_text(), re.M)
    assert found is not None
    read: list[str] = json.loads(found[1])
    return read
