"""Deliveries as the door logs them, made without a door."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from mediaops_common.ids import new_id, shard_of, workspace_id
from mediaops_ingest.delivery_log.port import NewDelivery
from mediaops_ingest.platforms.registry import ADAPTERS
from mediaops_ingest.sources.service import api_source_id

from mediaops_bench.company import Company
from mediaops_bench.senders.sender import Sender, Telling
from mediaops_bench.services import WORKSPACE
from mediaops_bench.wire import Hook, list_body, single_body

__all__ = ["DeliveryForm", "deliveries", "sent_deliveries"]

DeliveryForm = Literal["single", "list", "posts"]


def deliveries(
    company: Company,
    sources: dict[str, UUID],
    *,
    form: DeliveryForm,
    count: int,
    items: int,
    moment: datetime,
) -> list[NewDelivery]:
    """So many deliveries over the company's channels; `sources` are those of signed webhooks."""
    workspace = workspace_id(WORKSPACE)
    found = []
    for channel in company.pick_channels(count):
        channel_id, id_ = UUID(channel), new_id()
        body, is_post = _body(company, form, channel, items, moment), form == "posts"
        found.append(
            NewDelivery(
                id=id_,
                workspace_id=workspace,
                source_id=api_source_id(channel_id) if is_post else sources[channel],
                channel_id=channel_id,
                shard=shard_of(channel_id),
                adapter="api" if is_post else "standard-webhooks",
                received_at=moment,
                body=body,
                kind="activities" if is_post else "hook",
                path="activities" if is_post else "",
                headers=() if is_post else _headers(id_, moment),
                items=items if is_post else None,
            )
        )
    return found


def sent_deliveries(
    sender: Sender, company: Company, hooks: Sequence[Hook], *, count: int, moment: datetime
) -> list[NewDelivery]:
    """So many deliveries of a sender over its hooks, whose channels are the company's."""
    workspace, hidden = workspace_id(WORKSPACE), ADAPTERS[sender.adapter].declaration.hidden_headers
    sources = {hook.channel: UUID(hook.source) for hook in hooks}
    found = []
    for channel in company.pick_channels(count):
        channel_id, id_ = UUID(channel), new_id()
        acts = company.acts(channel, sender.items, moment)
        request = sender.write(Telling(acts, id_.hex, moment))
        found.append(
            NewDelivery(
                id=id_,
                workspace_id=workspace,
                source_id=sources[channel],
                channel_id=channel_id,
                shard=shard_of(channel_id),
                adapter=sender.adapter,
                received_at=moment,
                body=request.body,
                path=request.path,
                query=request.query,
                headers=[pair for pair in request.headers if pair[0] not in hidden],
            )
        )
    return found


def _body(
    company: Company, form: DeliveryForm, channel: str, items: int, moment: datetime
) -> bytes:
    acts = company.acts(channel, items, moment)
    if form == "single":
        return single_body(acts[0])
    if form == "list":
        return list_body(acts)
    posted = [
        {**act, "channel_id": channel, "dedup_key": f"{company.prefix}-{new_id().hex}"}
        for act in acts
    ]
    return json.dumps(posted, ensure_ascii=False, separators=(",", ":")).encode()


def _headers(id_: UUID, moment: datetime) -> Sequence[tuple[bytes, bytes]]:
    return (
        (b"host", b"bench"),
        (b"content-type", b"application/json"),
        (b"user-agent", b"partner/1.0"),
        (b"webhook-id", id_.hex.encode()),
        (b"webhook-timestamp", str(int(moment.timestamp())).encode()),
        (b"webhook-signature", b"v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="),
    )
