"""Which role may do what: the one table."""

from typing import Final, Literal, get_args

__all__ = ["ROLES", "SCOPES", "Scope", "scopes_of"]

Scope = Literal[
    "ingest:read",
    "ingest:write",
    "ingest:replay",
    "content:read",
    "content:write",
    "crm:read",
    "crm:write",
    "insights:read",
    "insights:write",
    "admin:read",
    "admin:write",
    "workspace:create",
]

SCOPES: Final[frozenset[str]] = frozenset(get_args(Scope))

_READS = frozenset({"ingest:read", "content:read", "crm:read", "insights:read"})

ROLES: Final[dict[str, frozenset[str]]] = {
    # Everything in its workspace; only an operator makes workspaces.
    "owner": SCOPES - {"workspace:create"},
    # The global view: sees everything, steers content, people and numbers.
    "manager": _READS | {"content:write", "crm:write", "insights:write", "admin:read"},
    "planner": _READS | {"content:write"},
    "editor": frozenset({"content:read", "content:write", "insights:read"}),
    "reviewer": frozenset({"content:read", "content:write", "insights:read"}),
    "analyst": _READS | {"insights:write"},
    "channel_operator": frozenset(
        {"ingest:read", "ingest:write", "ingest:replay", "content:read", "insights:read"}
    ),
    "community_operator": frozenset({"crm:read", "crm:write", "content:read", "insights:read"}),
    # Posts for its named sources and sees their deliveries; routes narrow it by `caller.sources`.
    "partner": frozenset({"ingest:read", "ingest:write"}),
    # Runs the installation: makes workspaces, reads health, orders rebuilds; sees no data.
    "operator": frozenset({"workspace:create", "admin:read", "admin:write"}),
}


def scopes_of(role: str) -> frozenset[str]:
    """The scopes of a role; none for a role that does not exist."""
    return ROLES.get(role, frozenset())
