"""Who calls: the principal that a token proves, and what each route demands of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, get_args
from uuid import UUID

import structlog
from fastapi import Depends, Request

from mediaops_common.auth import BadToken, Claims, DenyList, TokenReader
from mediaops_common.http.problems import Forbidden, Unauthorised
from mediaops_common.http.workspaces import KnownWorkspaces
from mediaops_common.reach import EVERY_WORKSPACE, narrow_to
from mediaops_common.roles import SCOPES, Scope, scopes_of

__all__ = ["Authenticator", "Caller", "Gate", "allow", "pass_gate"]

log = structlog.get_logger("mediaops.auth")

NOWHERE = UUID(int=0)
"""The workspace id of an operator of the installation: no row has it."""

assert frozenset(get_args(Scope)) == SCOPES


@dataclass(frozen=True)
class Caller:
    """The authenticated principal. Its workspace comes from the token, never from the request."""

    workspace_id: UUID
    workspace: str
    """The slug; `*` for an operator of the installation, who sees no data."""
    timezone: str
    subject: str
    role: str
    scopes: frozenset[str]
    sources: frozenset[UUID] | None
    """The only sources a partner may post for and see; None: all of the workspace."""
    jti: str = ""
    expires: int = 0

    @property
    def reach(self) -> UUID | str:
        """Whose rows the transactions of the request see."""
        return EVERY_WORKSPACE if self.workspace == "*" else self.workspace_id


class Authenticator:
    """Turns the headers of a request into a Caller. Raw ASGI doors use it as routes do."""

    def __init__(self, tokens: TokenReader, denied: DenyList, workspaces: KnownWorkspaces) -> None:
        self.tokens = tokens
        self.denied = denied
        self.workspaces = workspaces

    async def caller(self, headers: Iterable[tuple[bytes, bytes]]) -> Caller:
        """The caller. Whatever is wrong with the token, it is the same Unauthorised."""
        try:
            claims = self.tokens.read(_bearer(headers))
            if self.denied.holds(claims.jti):
                raise BadToken("revoked")
            return await self._of(claims)
        except BadToken as error:
            log.debug("token_refused", reason=str(error))
            raise Unauthorised() from None

    def still_admits(self, caller: Caller) -> bool:
        """Whether the caller's token holds now; answers without an end ask it again and again."""
        is_over = caller.expires <= self.tokens.clock.now().timestamp()
        return not is_over and not self.denied.holds(caller.jti)

    async def _of(self, claims: Claims) -> Caller:
        workspace_id, timezone = NOWHERE, "UTC"
        if claims.workspace != "*":
            found = await self.workspaces.find(claims.workspace)
            if found is None:
                raise BadToken("no such workspace")
            workspace_id, timezone = found.workspace_id, found.timezone
        return Caller(
            workspace_id=workspace_id,
            workspace=claims.workspace,
            timezone=timezone,
            subject=claims.subject,
            role=claims.role,
            scopes=scopes_of(claims.role),
            sources=claims.sources,
            jti=claims.jti,
            expires=claims.expires,
        )


def _bearer(headers: Iterable[tuple[bytes, bytes]]) -> str:
    given = [value for name, value in headers if name == b"authorization"]
    if len(given) != 1:
        raise BadToken("no token" if not given else "the header is doubled")
    scheme, _, token = given[0].partition(b" ")
    if scheme.lower() != b"bearer" or not token.isascii():
        raise BadToken("not a bearer token")
    return token.strip(b" ").decode("ascii")


class Gate:
    """What one route demands: the dependency behind `allow`."""

    def __init__(self, scope: str | None, *, partners: bool) -> None:
        self.scope = scope
        self.partners = partners

    async def __call__(self, request: Request) -> Caller:
        # The route's handler passed the gate before it read the body.
        caller = request.state.caller
        assert isinstance(caller, Caller)
        return caller

    def admits(self, caller: Caller) -> bool:
        if self.scope is None:
            return True
        return self.scope in caller.scopes and (self.partners or caller.role != "partner")


def allow(scope: Scope | None, *, partners: bool = False) -> Any:
    """Declares what a route demands: `caller: Annotated[Caller, allow("crm:read")]`.

    Every route has exactly one; the app does not build otherwise. A partner's token passes only
    where `partners=True`, and there the route narrows what it does by `caller.sources`.
    `allow(None)` is for routes open to every valid token.
    """
    if scope is not None and scope not in SCOPES:
        raise ValueError(f"there is no scope {scope!r}")
    return Depends(Gate(scope, partners=partners))


async def pass_gate(request: Request, gate: Gate) -> Caller:
    """401 without a valid token, 403 when its role is too small; else the caller."""
    authenticator: Authenticator = request.app.state.runtime.authenticator
    caller = await authenticator.caller(request.scope["headers"])
    if not gate.admits(caller):
        raise Forbidden()
    request.state.caller = caller
    narrow_to(caller.reach)
    return caller
