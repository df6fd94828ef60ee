"""Sets the company up: a workspace, its channels, its sources."""

import base64
import string
from dataclasses import dataclass, field
from random import Random
from typing import Any

from mediaops_simulator.company.cast import ACCOUNTS, Account
from mediaops_simulator.system.api import Api, Unexpected
from mediaops_simulator.system.mappings import RIGHT
from mediaops_simulator.wire.requests import Credentials

__all__ = ["Connection", "Workplace", "connect_company", "make_workspace"]

_CONFLICT = 409


@dataclass(slots=True)
class Connection:
    """One account, connected."""

    channel_id: str
    source_id: str
    hook_url: str
    credentials: Credentials


@dataclass(slots=True)
class Workplace:
    """The company as the server knows it."""

    slug: str
    connections: dict[str, Connection] = field(default_factory=dict)

    def account_of(self, channel_id: str) -> str:
        """Which account a channel is; the id itself for a channel that is none of ours."""
        for key, connection in self.connections.items():
            if connection.channel_id == channel_id:
                return key
        return channel_id


async def make_workspace(operator: Api, slug: str, name: str, timezone: str) -> bool:
    """Makes the workspace. False when it is there already."""
    try:
        await operator.post(
            "/ingest/v1/workspaces", {"slug": slug, "name": name, "timezone": timezone}
        )
    except Unexpected as answer:
        if answer.status != _CONFLICT:
            raise
        return False
    return True


async def connect_company(api: Api, slug: str, rng: Random) -> Workplace:
    """Makes what is missing of the six channels and their sources.

    A source that is there already gets new secrets, because the server tells them only once.
    """
    workplace = Workplace(slug)
    channels = {
        (channel["platform"], channel["external_id"]): channel["id"]
        for channel in await api.all_items("/ingest/v1/channels")
    }
    sources = {
        (source["channel_id"], source["adapter"]): source
        for source in await api.all_items("/ingest/v1/sources")
    }
    for account in ACCOUNTS:
        channel_id = channels.get((account.platform, account.external_id))
        if channel_id is None:
            channel_id = await _make_channel(api, account)
        credentials = _invent(account, rng)
        source = sources.get((channel_id, account.adapter))
        if source is None:
            source = await _make_source(api, account, channel_id, credentials)
        else:
            await api.post(
                f"/ingest/v1/sources/{source['id']}/rotate-secret",
                {"secrets": _secrets(account, credentials)},
            )
        workplace.connections[account.key] = Connection(
            channel_id, source["id"], source["hook_url"], credentials
        )
    return workplace


async def _make_channel(api: Api, account: Account) -> str:
    made = await api.post(
        "/ingest/v1/channels",
        {
            "platform": account.platform,
            "external_id": account.external_id,
            "name": account.name,
            "owner_kind": account.owner_kind,
        },
    )
    return str(made["id"])


async def _make_source(
    api: Api, account: Account, channel_id: str, credentials: Credentials
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "channel_id": channel_id,
        "adapter": account.adapter,
        "secrets": _secrets(account, credentials),
    }
    if account.platform == "site":
        body["mapping"] = RIGHT
    made: dict[str, Any] = await api.post("/ingest/v1/sources", body)
    return made


def _invent(account: Account, rng: Random) -> Credentials:
    """Secrets as the platform's own console would give them."""
    letters = string.ascii_letters + string.digits
    if account.platform == "site":
        return Credentials("whsec_" + base64.b64encode(rng.randbytes(32)).decode())
    secret = "".join(rng.choices(letters, k=32))
    if not account.is_encrypted:
        return Credentials(secret)
    # 43 characters stand for 32 bytes; the last one must have no stray bits.
    key = base64.b64encode(rng.randbytes(32)).decode().rstrip("=")
    return Credentials(secret, key, account.app_id)


def _secrets(account: Account, credentials: Credentials) -> dict[str, str]:
    if account.platform == "site":
        return {"secret": credentials.secret}
    if account.platform == "douyin":
        return {"client_secret": credentials.secret}
    secrets = {"token": credentials.secret}
    if credentials.encoding_aes_key:
        secrets |= {
            "app_id": credentials.app_id,
            "encoding_aes_key": credentials.encoding_aes_key,
            "mode": "safe",
        }
    return secrets
