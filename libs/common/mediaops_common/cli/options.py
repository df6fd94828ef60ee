"""Options that several commands share."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from pydantic import ValidationError

    from mediaops_common.settings import Settings

__all__ = [
    "AsJson",
    "DataDir",
    "Token",
    "Url",
    "WorkspaceSlug",
    "command_group",
    "settings_for",
    "sign",
    "wrong_setting",
]

DataDir = Annotated[
    Path | None,
    typer.Option("--data", help="The data directory (./data, or MEDIAOPS_DATA).", metavar="DIR"),
]
WorkspaceSlug = Annotated[
    str, typer.Option("--workspace", help="The workspace, by its slug.", metavar="SLUG")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Url = Annotated[
    str | None, typer.Option(envvar="MEDIAOPS_URL", help="Where mediaops runs.", metavar="URL")
]
Token = Annotated[
    str | None,
    typer.Option(
        envvar="MEDIAOPS_TOKEN", help="A token; else one is made from the data directory."
    ),
]


def command_group(about: str) -> typer.Typer:
    """A command that has commands of its own; plain help, no completion scripts."""
    return typer.Typer(
        help=about,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )


def settings_for(data: Path | None, **store: object) -> "Settings":
    """The settings of the environment, with what the command line said in their place."""
    from pydantic import ValidationError

    from mediaops_common.settings import Settings, StoreSettings

    given = {name: value for name, value in store.items() if value is not None}
    if data is not None:
        given["data"] = data
    try:
        return Settings(store=StoreSettings(**given))  # type: ignore[arg-type]
    except ValidationError as error:
        parts = {"HttpSettings": "HTTP_", "LogSettings": "LOG_", "BusSettings": "BUS_"}
        prefix = f"MEDIAOPS_{parts.get(error.title, '')}"
        raise SystemExit(wrong_setting(error, prefix)) from None
    except ValueError as error:
        raise SystemExit(str(error)) from None


def wrong_setting(error: "ValidationError", prefix: str) -> str:
    """One sentence that names the variable; never its value, which may be a secret."""
    found = error.errors(include_input=False, include_url=False)[0]
    reason = found["msg"].removeprefix("Value error, ")
    return f"{prefix}{found['loc'][0]}".upper() + f": {reason}"


def sign(
    settings: "Settings",
    *,
    workspace: str,
    role: str,
    lifetime: timedelta,
    subject: str = "cli",
    sources: "Iterable[UUID]" = (),
) -> str:
    """A token signed with the installation's key. Exits when the key is not there."""
    from mediaops_common.auth import issue_token
    from mediaops_common.clock import open_clock
    from mediaops_common.keys import open_private_key

    key = open_private_key(settings.keys, settings.store.data / "keys")
    now = open_clock(production=settings.store.production).now()
    try:
        return issue_token(
            key,
            settings.keys,
            now,
            workspace=workspace,
            role=role,
            lifetime=lifetime,
            subject=subject,
            sources=sources,
        )
    except ValueError as error:
        raise SystemExit(str(error)) from None
