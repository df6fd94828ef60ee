"""The command `mediaops`: finds each command only when it is called."""

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

__all__ = ["main"]

OWN = {
    "up": "mediaops_common.cli.up:up",
    "serve": "mediaops_common.cli.serve:serve",
    "token": "mediaops_common.cli.token:app",
    "link": "mediaops_common.cli.link:link",
    "workspace": "mediaops_common.cli.workspace:app",
    "migrate": "mediaops_common.cli.migrate:migrate",
    "dump": "mediaops_common.cli.dump:dump",
    "load": "mediaops_common.cli.dump:load",
    "topics": "mediaops_common.cli.topics:topics",
    "init-env": "mediaops_common.cli.init_env:init_env",
    "doctor": "mediaops_common.cli.doctor:doctor",
    "audit": "mediaops_common.cli.audit:audit",
    "rebuild": "mediaops_common.cli.rebuild:rebuild",
    "parked": "mediaops_common.cli.parked:app",
    "ingest": "mediaops_common.cli.ingest:app",
    "import": "mediaops_common.cli.imports:import_file",
    "adapters": "mediaops_common.cli.adapters:adapters",
    "archive": "mediaops_common.cli.archive:archive",
    "events": "mediaops_common.cli.events:events",
}
"""Where each command is. It is imported when it is called, so that `mediaops token create` does not
wait for a web framework."""


def _plugins() -> dict[str, EntryPoint]:
    """Commands that other distributions bring (simulate, bench)."""
    return {point.name: point for point in entry_points(group="mediaops.commands")}


class _Commands(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        return [*OWN, *sorted(_plugins())]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in OWN:
            module, _, attribute = OWN[cmd_name].partition(":")
            found = getattr(import_module(module), attribute)
        else:
            point = _plugins().get(cmd_name)
            if point is None:
                return None
            try:
                found = point.load()
            except ImportError as error:
                found = _broken(cmd_name, error)
        return _as_command(found, cmd_name)


def _broken(name: str, error: ImportError) -> Callable[[], None]:
    # One that cannot be imported must not take the others, or `--help`, with it.
    reason = str(error)

    def broken() -> None:
        raise SystemExit(f"`mediaops {name}` cannot be loaded: {reason}")

    broken.__doc__ = f"Cannot be loaded: {reason}."
    return broken


def _as_command(found: Any, name: str) -> Any:
    if not isinstance(found, typer.Typer):
        single = typer.Typer(
            pretty_exceptions_enable=False, rich_markup_mode=None, add_completion=False
        )
        single.command(name)(found)
        found = single
    command = get_command(found)
    command.name = name
    return command


root = typer.Typer(
    cls=_Commands,
    name="mediaops",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@root.callback()
def _about() -> None:
    """The backend of a new-media company's operations, in one process or many."""


def main() -> None:
    """Entry point of the console script."""
    root()
