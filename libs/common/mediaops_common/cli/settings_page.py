"""Writes `docs/settings.md` and `.env.example` from the settings classes; run it in a checkout."""

import json
import types
import typing
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

__all__ = ["environment_example", "groups", "settings_page"]

OTHERS = {
    "MEDIAOPS_URL": "Where the commands that speak to a running system find it.",
    "MEDIAOPS_TOKEN": "The token with which they speak; else one is made from the data directory.",
    "MEDIAOPS_CLOCK": "Freezes the domain clock of every process at this Unix time; for tests, "
    "refused in production mode.",
    "MEDIAOPS_FAILPOINTS": "Named places at which fault tests make a process die or wait.",
    "MEDIAOPS_VECTORS": "Where the tests find examples signed by third parties.",
    "MEDIAOPS_PYTHON": "The Python that `./run` tries first.",
}
"""Variables that are not settings of a running system."""


class Setting(NamedTuple):
    variable: str
    kind: str
    default: str
    sentence: str


def groups() -> Iterator[tuple[str, str, list[Setting]]]:
    """(title, sentence, settings) of the common classes and of each installed service."""
    from mediaops_common.settings import (
        BusSettings,
        HttpSettings,
        KeySettings,
        LogSettings,
        StoreSettings,
    )

    common: dict[str, type[BaseSettings]] = {
        "Storage": StoreSettings,
        "The bus": BusSettings,
        "Keys and tokens": KeySettings,
        "HTTP": HttpSettings,
        "Logs": LogSettings,
    }
    for title, cls in (common | _of_services()).items():
        yield title, " ".join((cls.__doc__ or "").split()), list(_settings(cls))


def _of_services() -> dict[str, type[BaseSettings]]:
    """By convention the module `settings` of a service's package holds one settings class."""
    found = {}
    for point in sorted(entry_points(group="mediaops.services"), key=lambda point: point.name):
        module = import_module(point.module.split(".")[0] + ".settings")
        for value in vars(module).values():
            if isinstance(value, type) and value.__module__ == module.__name__:
                found[f"The service {point.name}"] = value
    return found


def _settings(cls: type[BaseSettings]) -> Iterator[Setting]:
    prefix = cls.model_config.get("env_prefix", "")
    for name, field in cls.model_fields.items():
        if not field.exclude:  # a variable of another class that this one reads too
            yield Setting(
                f"{prefix}{name}".upper(), _kind(field), _default(field), field.description or ""
            )


def _kind(field: FieldInfo) -> str:
    annotation: Any = field.annotation
    parts = typing.get_args(annotation)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        annotation = next(part for part in parts if part is not types.NoneType)
        parts = typing.get_args(annotation)
    origin = typing.get_origin(annotation)
    if origin is typing.Literal:
        return ", ".join(f"`{part}`" for part in parts)
    if origin is list:
        return "JSON list"
    names = {bool: "yes or no", int: "number", float: "number", Path: "path", SecretStr: "secret"}
    return names.get(annotation, "text")


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, list) else str(value)


def settings_page() -> str:
    """`docs/settings.md`."""
    lines = [
        "# Settings",
        "",
        "Everything is set by environment variables, read once when a process starts. All have",
        "defaults that suit one machine. This page is written from the code by",
        "`python -m mediaops_common.cli.settings_page`.",
    ]
    for title, sentence, settings in groups():
        lines += ["", f"## {title}", "", sentence, ""]
        lines += ["| variable | kind | default | meaning |", "|---|---|---|---|"]
        for variable, kind, default, meaning in settings:
            shown = f"`{default}`" if default else "–"
            lines.append(f"| `{variable}` | {kind} | {shown} | {meaning} |")
    lines += ["", "## Beside the settings", "", "| variable | meaning |", "|---|---|"]
    lines += [f"| `{variable}` | {meaning} |" for variable, meaning in OTHERS.items()]
    return "\n".join(lines) + "\n"


def environment_example() -> str:
    """`.env.example`: every variable with its default, commented out."""
    lines = [
        "# Every variable with its default. Copy to mediaops.env, change what you need (lists in",
        "# single quotes), and load it before `./run`: set -a; . ./mediaops.env; set +a",
        "# Not to .env: that is what `mediaops init-env` writes for compose.yaml.",
    ]
    for title, _, settings in groups():
        lines += ["", f"# --- {title} ---"]
        for variable, _, default, meaning in settings:
            lines += [f"# {meaning}", f"#{variable}={default}"]
    lines += ["", "# --- Beside the settings ---"]
    for variable, meaning in OTHERS.items():
        lines += [f"# {meaning}", f"#{variable}="]
    return "\n".join(lines) + "\n"


def main() -> None:
    root = Path(__file__).parents[4]
    if not (root / "docs").is_dir():
        raise SystemExit("this is no checkout: there is no docs folder to write to")
    (root / "docs" / "settings.md").write_text(settings_page())
    (root / ".env.example").write_text(environment_example())


if __name__ == "__main__":
    main()
