"""Tokens: made by the command line, proved by every service, revoked by their id."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from mediaops_common.clock import Clock
from mediaops_common.ids import new_id
from mediaops_common.roles import ROLES
from mediaops_common.settings import KeySettings

__all__ = ["BadToken", "Claims", "DenyList", "TokenReader", "issue_token", "revoke"]

ALGORITHM = "EdDSA"
REQUIRED = ["iss", "aud", "sub", "workspace", "role", "jti", "iat", "exp"]
LONGEST = 8_192
"""Characters of a token that are looked at."""


class BadToken(Exception):
    """The token does not hold; why is for the log, never for the caller."""


@dataclass(frozen=True)
class Claims:
    """What a valid token says."""

    subject: str
    workspace: str
    """A slug, or `*` for an operator of the installation."""
    role: str
    sources: frozenset[UUID] | None
    """The sources a partner is limited to; None for everybody else."""
    jti: str
    expires: int


def issue_token(
    key: Ed25519PrivateKey,
    settings: KeySettings,
    now: datetime,
    *,
    workspace: str,
    role: str,
    lifetime: timedelta,
    subject: str = "cli",
    sources: Iterable[UUID] = (),
) -> str:
    """A signed token. Raises ValueError for a role or workspace that no service would accept."""
    wanted = [str(source) for source in sources]
    problem = _contradiction(workspace, role, bool(wanted))
    if problem:
        raise ValueError(problem)
    for name, value in (("workspace", workspace), ("subject", subject)):
        if not _is_short(value):
            raise ValueError(f"the {name} must have 1 to 200 printable characters")
    issued = int(now.timestamp())
    claims: dict[str, Any] = {
        "iss": settings.token_issuer,
        "aud": settings.token_audience,
        "sub": subject,
        "workspace": workspace,
        "role": role,
        "jti": str(new_id()),
        "iat": issued,
        "exp": issued + int(lifetime.total_seconds()),
    }
    if wanted:
        claims["sources"] = wanted
    return jwt.encode(claims, key, algorithm=ALGORITHM)


def _contradiction(workspace: str, role: str, has_sources: bool) -> str | None:
    if role not in ROLES:
        return f"there is no role {role!r}; the roles are {', '.join(ROLES)}"
    if workspace == "*" and role != "operator":
        return "only an operator's token is for all workspaces"
    if role == "partner" and not has_sources:
        return "a partner's token names its sources"
    if role != "partner" and has_sources:
        return "only a partner's token names sources"
    return None


class TokenReader:
    """Proves tokens with the public key and the domain clock."""

    def __init__(self, public: Ed25519PublicKey, settings: KeySettings, clock: Clock) -> None:
        self.public = public
        self.settings = settings
        self.clock = clock

    def read(self, token: str) -> Claims:
        """The claims of a token that holds now. Raises BadToken, and nothing else."""
        if len(token) > LONGEST or not token.isascii():
            raise BadToken("too long or not ASCII")
        try:
            claims = jwt.decode(
                token,
                self.public,
                algorithms=[ALGORITHM],
                issuer=self.settings.token_issuer,
                audience=self.settings.token_audience,
                # Times are compared below with the domain clock, which tests may freeze.
                options={
                    "require": REQUIRED,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except (jwt.InvalidTokenError, ValueError, TypeError, RecursionError) as error:
            raise BadToken(type(error).__name__) from None
        self._check_times(claims)
        return _claims(claims)

    def _check_times(self, claims: dict[str, Any]) -> None:
        now = self.clock.now().timestamp()
        leeway = self.settings.token_leeway_seconds
        for name in ("iat", "exp", "nbf"):
            value = claims.get(name, 0)
            if isinstance(value, bool) or not isinstance(value, int):
                raise BadToken(f"{name} is not a whole number")
        if claims["exp"] + leeway <= now:
            raise BadToken("expired")
        if claims["iat"] - leeway > now or claims.get("nbf", 0) - leeway > now:
            raise BadToken("not valid yet")


def _claims(claims: dict[str, Any]) -> Claims:
    for name in ("sub", "workspace", "role", "jti"):
        value = claims[name]
        if not isinstance(value, str) or not _is_short(value):
            raise BadToken(f"{name} is not a short text")
    named = claims.get("sources")
    if named is not None and not (isinstance(named, list) and all(map(_is_text, named))):
        raise BadToken("sources is not a list of ids")
    problem = _contradiction(claims["workspace"], claims["role"], bool(named))
    if problem:
        raise BadToken(problem)
    try:
        sources = frozenset(UUID(item) for item in named) if named else None
    except ValueError:
        raise BadToken("sources is not a list of ids") from None
    return Claims(
        subject=claims["sub"],
        workspace=claims["workspace"],
        role=claims["role"],
        sources=sources,
        jti=claims["jti"],
        expires=claims["exp"],
    )


def _is_short(value: str) -> bool:
    return 0 < len(value) <= 200 and value.isprintable()


def _is_text(value: object) -> bool:
    return isinstance(value, str)


class DenyList:
    """Revoked token ids from a file, one a line, looked at again within five seconds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._revoked: frozenset[str] = frozenset()
        self._seen: tuple[int, int] | None = None
        self._look_again = 0.0

    def holds(self, jti: str) -> bool:
        """Whether this token was revoked."""
        if time.monotonic() >= self._look_again:
            self._look_again = time.monotonic() + 5
            self._reload()
        return jti in self._revoked

    def _reload(self) -> None:
        try:
            stat = self.path.stat()
            if (stat.st_mtime_ns, stat.st_size) != self._seen:
                self._revoked = frozenset(self.path.read_text("utf-8", "replace").split())
                self._seen = (stat.st_mtime_ns, stat.st_size)
        except FileNotFoundError:
            self._revoked, self._seen = frozenset(), None
        except OSError:
            # A file that cannot be read for a moment must not let revoked tokens in again.
            self._seen = None


def revoke(path: Path, jti: str) -> None:
    """Adds a token's id to the deny-list; running services see it within seconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{jti}\n")
