"""Trying a source: a dry run that stores nothing, and a signed request through the real hook."""

import asyncio
import base64
import binascii
import http.client
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from mediaops_common.http import Conflict, Invalid, Unavailable
from mediaops_common.ids import new_id
from mediaops_common.platforms import id_scope

from mediaops_ingest.channels.service import Channel
from mediaops_ingest.mappings.compiled import Allowance, CompiledMapping
from mediaops_ingest.mappings.interpret import interpret
from mediaops_ingest.platforms import port
from mediaops_ingest.platforms.declaration import Declaration
from mediaops_ingest.sources.schemas import (
    SampleSent,
    TrialAnswer,
    TrialItem,
    TrialRequest,
    TrialResult,
)
from mediaops_ingest.sources.service import Opened
from mediaops_ingest.sources.settling import check_mapping

__all__ = ["dry_run", "send_sample"]

SECONDS = 10.0
SHOWN_ITEMS = 100
SHOWN_ANSWER = 4_096


def dry_run(
    opened: Opened, channel: Channel, timezone: str, wanted: TrialRequest, now: datetime
) -> TrialResult:
    """What the door and the normaliser would say of the request. Nothing is kept or counted."""
    request = _request_of(wanted, now)
    verifier = opened.adapter.prepare(opened.live_secrets(now), opened.source.config)
    verdict = _refused_before(opened.adapter.declaration, request) or verifier.verify(request)
    tried = TrialResult(
        verdict=type(verdict).__name__.lower(),
        reason=getattr(verdict, "reason", None),
        answer=_answer(verifier, request, verdict),
    )
    if isinstance(verdict, port.Handshake | port.Ignored):
        return tried  # nothing of it would be kept, so that there is nothing to split
    try:
        items = opened.adapter.split(request, opened.secrets, opened.source.config)
    except port.Unreadable as error:
        tried.unreadable = error.reason
        return tried
    context = port.Context(
        channel_id=channel.id,
        channel_external_id=channel.external_id,
        platform=channel.platform,
        id_scope=id_scope(channel.platform, channel.id, channel.app_id),
        timezone=timezone,
        received_at=now,
    )
    document = opened.mapping if wanted.mapping is None else wanted.mapping
    mapping = None if document is None else check_mapping(document)
    allowance, shown = Allowance(), items[:SHOWN_ITEMS]
    tried.items = [_try(opened.adapter, item, context, mapping, allowance) for item in shown]
    return tried


def _refused_before(declaration: Declaration, request: port.Request) -> port.Refused | None:
    """What the door refuses before it looks at a proof."""
    if request.method not in declaration.methods:
        return port.Refused("method", status=405)
    if request.path not in declaration.paths:
        return port.Refused("path", status=404)
    return None


def _answer(verifier: port.Verifier, request: port.Request, verdict: port.Verdict) -> TrialAnswer:
    if isinstance(verdict, port.Refused | port.Malformed):
        return TrialAnswer(status=verdict.status)
    if isinstance(verdict, port.Verified):
        answer = verifier.answer(request, verdict)
    else:
        answer = verdict.answer
    return TrialAnswer(
        status=answer.status,
        content_type=answer.content_type,
        body=answer.body[:SHOWN_ANSWER].decode("utf-8", "replace"),
    )


def _request_of(wanted: TrialRequest, now: datetime) -> port.Request:
    body = wanted.body.encode()
    if wanted.body_base64 is not None:
        try:
            body = base64.b64decode(wanted.body_base64, validate=True)
        except (binascii.Error, ValueError):
            raise Invalid("body_base64", "is not base64") from None
    try:
        headers = [
            (name.lower().encode("ascii"), value.encode("latin-1"))
            for name, value in wanted.headers.items()
        ]
    except UnicodeEncodeError:
        raise Invalid("headers", "holds letters that no request can have") from None
    if not wanted.query.isascii():
        raise Invalid("query", "holds letters that no request can have: it comes percent-encoded")
    query = wanted.query.encode("ascii")
    return port.Request(
        method=wanted.method, path=wanted.path, query=query, headers=headers, body=body, now=now
    )


def _try(
    adapter: port.Adapter,
    item: port.Item,
    context: port.Context,
    mapping: CompiledMapping | None,
    allowance: Allowance,
) -> TrialItem:
    try:
        read = interpret(adapter, item, context, mapping, allowance)
    except port.ItemFailed as error:
        return TrialItem(
            index=item.index,
            dedup_key=item.dedup_key,
            content=_shown(item),
            outcome="failed",
            field=error.field,
            detail=error.detail,
        )
    drafts = read.drafts
    unmapped = next((draft for draft in drafts if isinstance(draft, port.Unmapped)), None)
    return TrialItem(
        index=item.index,
        dedup_key=item.dedup_key,
        content=_shown(item),
        outcome="normalised" if unmapped is None else "unmapped",
        by_mapping=read.by_mapping,
        detail=None if unmapped is None else unmapped.reason,
        activities=_drafts(drafts, port.ActivityDraft, context),
        snapshots=_drafts(drafts, port.SnapshotDraft, context),
    )


def _shown(item: port.Item) -> Any:
    """The content; None for what could not be read at all."""
    return item.content if isinstance(item.content, dict | list | str | int | float) else None


def _drafts(
    drafts: Sequence[port.Draft], kind: type, context: port.Context
) -> list[dict[str, Any]]:
    """In the form of what the archive holds."""
    found = []
    for draft in drafts:
        if isinstance(draft, kind):
            shown = msgspec.to_builtins(draft)
            if shown["content"] is not None:
                shown["content"] = {"external_id": shown["content"]}
            whose = {"channel_id": str(context.channel_id), "platform": context.platform}
            found.append({**whose, **shown})
    return found


async def send_sample(opened: Opened, hook_url: str, now: datetime) -> SampleSent:
    """Sends a signed request of an unknown event, so that nothing is counted, and waits for the
    answer. The address is this installation's own."""
    live = opened.live_secrets(now)
    sample = opened.adapter.sample(
        live[0] if live else {}, opened.source.config, now=now, unique=new_id().hex
    )
    if sample is None:
        raise Conflict("only the platform can sign a request of this scheme")
    try:
        return await asyncio.to_thread(_send, hook_url, sample)
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(
            f"the hook URL did not answer ({type(error).__name__}): is MEDIAOPS_INNER_URL right,"
            " or --public-url without it?"
        ) from None


def _send(hook_url: str, sample: port.Request) -> SampleSent:
    url = urlsplit(hook_url)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=SECONDS)
    target = url.path + (f"/{sample.path}" if sample.path else "")
    if sample.query:
        target += "?" + sample.query.decode("ascii")
    try:
        connection.putrequest(sample.method, target)
        for name, value in sample.headers:
            connection.putheader(name.decode("latin-1"), value)
        connection.putheader("content-length", str(len(sample.body)))
        connection.endheaders(sample.body)
        response = connection.getresponse()
        answer = response.read(SHOWN_ANSWER).decode("utf-8", "replace")
        kept = response.headers.get("x-delivery-id")
        return SampleSent(
            status=response.status, answer=answer, delivery_id=UUID(kept) if kept else None
        )
    finally:
        connection.close()
