"""Svix: Standard Webhooks under the older names of its headers.

Source: docs.svix.com, `receiving/verifying-payloads/how-manual` and `retries`.
"""

from dataclasses import replace
from datetime import timedelta

from mediaops_ingest.platforms.standard_webhooks import StandardWebhooks, headers_named

__all__ = ["Svix"]


class Svix(StandardWebhooks):
    headers = (headers_named(b"svix"), headers_named(b"webhook"))

    declaration = replace(
        StandardWebhooks.declaration,
        name="svix",
        title="Svix (and whoever sends through it)",
        proof=(
            "svix-signature, or webhook-signature: base64 HMAC-SHA256 (v1) over id.timestamp.body; "
            "of several one right one is enough."
        ),
        known_by="dedup_key in data, else svix-id (with #index in a batch)",
        retries="at once, then 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 10 h",
        comes_again=True,
        lateness=timedelta(hours=28),
        notes=(
            "Add the hook URL as an endpoint at the sender's Svix portal.",
            "Give the endpoint's Signing Secret (whsec_…) to the source as `secret`.",
        ),
    )
