"""`mediaops token create | revoke`."""

import json
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import typer

from mediaops_common.cli.options import AsJson, DataDir, command_group, settings_for, sign

__all__ = ["app"]

app = command_group("Make and revoke tokens.")


@app.command("create")
def create_token(
    workspace: Annotated[str, typer.Option(help="A slug, or '*' for an operator.")],
    role: Annotated[str, typer.Option(help="owner, manager, analyst, partner, operator, …")],
    data: DataDir = None,
    subject: Annotated[str, typer.Option(help="Whose token it is.")] = "cli",
    source: Annotated[
        list[UUID] | None, typer.Option(help="A source that a partner may use; repeatable.")
    ] = None,
    days: Annotated[float, typer.Option(help="How long it holds.", min=0.0001, max=3660)] = 30,
    as_json: AsJson = False,
) -> None:
    """Prints a token as the last line. Needs only the keys: mediaops may run or not."""
    token = sign(
        settings_for(data),
        workspace=workspace,
        role=role,
        lifetime=timedelta(days=days),
        subject=subject,
        sources=source or (),
    )
    print(json.dumps({"token": token}) if as_json else token)


@app.command("revoke")
def revoke_token(
    jti: Annotated[str, typer.Argument(help="The token's id (its claim `jti`), or the token.")],
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Refuses a token from now on; running services see it within 30 seconds."""
    import jwt

    from mediaops_common.auth import revoke

    settings = settings_for(data)
    if jti.count(".") == 2:
        try:
            jti = str(jwt.decode(jti, options={"verify_signature": False})["jti"])
        except (jwt.InvalidTokenError, KeyError):
            raise SystemExit("that is neither a token nor the id of one") from None
    if not jti or not jti.isprintable() or " " in jti or len(jti) > 200:
        raise SystemExit("that is neither a token nor the id of one")
    path = settings.keys.revoked_file or settings.store.data / "keys" / "revoked.txt"
    if not path.parent.is_dir():
        raise SystemExit(f"there are no keys in {path.parent}: pass --data")
    revoke(path, jti)
    print(json.dumps({"revoked": jti}) if as_json else f"revoked {jti}")
