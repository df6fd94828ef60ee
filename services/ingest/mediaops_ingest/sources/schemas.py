"""Sources as the HTTP API takes and gives them."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from mediaops_common.http import Moment
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from mediaops_ingest.limit import Limit

MAX_MAPPING = 65_536


def _small_enough(mapping: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(mapping, ensure_ascii=False).encode()) > MAX_MAPPING:
        raise ValueError(f"must not be larger than {MAX_MAPPING} bytes")
    return mapping


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Mapping = Annotated[dict[str, Any], AfterValidator(_small_enough)]
Secrets = dict[str, Any]
"""Name → text, or a list of texts; the adapter says which names there are."""


class SourceCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    channel_id: UUID
    adapter: Annotated[str, Field(max_length=40)]
    name: Name | None = None
    secrets: Secrets | None = None
    config: dict[str, Any] | None = None
    mapping: Mapping | None = None
    secrets_expire_at: Moment | None = None
    """When the platform ends these secrets; the channel's health warns two weeks before."""
    limit: Limit | None = None
    """What it may bring; without it the installation's default."""


class SourceUpdate(BaseModel):
    """What is left out stays; `config`, `mapping` and `limit` are replaced as a whole."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    enabled: bool | None = None
    config: dict[str, Any] | None = None
    mapping: Mapping | None = None
    secrets_expire_at: Moment | None = None
    """When the platform ends the secrets that are in force."""
    limit: Limit | None = None
    """Null takes it away: the installation's default holds again."""

    @property
    def changes_limit(self) -> bool:
        return "limit" in self.model_fields_set

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_dump(exclude_none=True) and not self.changes_limit:
            raise ValueError("names nothing to change")
        return self


class SourceSummary(BaseModel):
    """A source in a list: without its mapping."""

    id: UUID
    channel_id: UUID | None
    adapter: str
    name: str
    enabled: bool
    config: dict[str, Any]
    mapping_revision: int
    limit: Limit | None
    """What it may bring; null: the installation's default."""
    hook_url: str | None
    """Only for those who may change sources: for some adapters it is the only proof. Null for them
    too where the key for secrets is not the one that it was sealed with."""
    version: int
    created_at: datetime
    updated_at: datetime


class SourceRead(SourceSummary):
    mapping: dict[str, Any] | None


class SourceMade(SourceRead):
    secrets: dict[str, str | list[str]]
    """Shown this once."""


class MappingRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    revision: int
    mapping: dict[str, Any]
    created_at: datetime
    created_by: str


class SecretRotate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    secrets: Secrets | None = None
    """A whole new set. Without it the secrets that we generate are made anew, beside what else the
    source has; where it has none of these, such as a platform's own secret alone, a new one must be
    given."""
    overlap_hours: Annotated[int, Field(ge=0, le=24 * 30)] = 24
    """How long old sets go on proving requests beside the new one: the one that is replaced until
    then, one replaced before as long as was said then, if that is earlier."""
    secrets_expire_at: Moment | None = None
    """When the platform ends the new ones."""


class SecretsRotated(BaseModel):
    secrets: dict[str, str | list[str]]
    """Shown this once."""
    old_live_until: datetime


class TrialRequest(BaseModel):
    """A request as the platform would send it, or only its body."""

    model_config = ConfigDict(extra="forbid")

    body: Annotated[str, Field(max_length=1_000_000)] = ""
    body_base64: Annotated[str, Field(max_length=1_400_000)] | None = None
    method: Literal["GET", "POST", "OPTIONS"] = "POST"
    path: Annotated[str, Field(max_length=200)] = ""
    query: Annotated[str, Field(max_length=8_000)] = ""
    headers: Annotated[dict[str, str], Field(max_length=100)] = Field(default_factory=dict)
    mapping: Mapping | None = None
    """Tried instead of the source's own."""


class TrialAnswer(BaseModel):
    """What the sender would hear."""

    status: int
    content_type: str | None = None
    body: str = ""
    """Up to 4,096 bytes of it, as text; of a refusal nothing, that is a problem document."""


class TrialItem(BaseModel):
    index: int
    dedup_key: str | None
    content: Any = None
    """The item as a mapping sees it."""
    outcome: Literal["normalised", "unmapped", "failed"]
    by_mapping: bool = False
    field: str | None = None
    """Where it is wrong: a place in the item, or in the mapping such as `activities[0].count`."""
    detail: str | None = None
    """What is wrong there, or why it is `unmapped`."""
    activities: list[dict[str, Any]] = Field(default_factory=list)
    """As the archive would hold them, without their ids."""
    snapshots: list[dict[str, Any]] = Field(default_factory=list)


class TrialResult(BaseModel):
    """What would become of a request. Nothing of it was kept."""

    verdict: Literal["verified", "handshake", "ignored", "refused", "malformed"]
    reason: str | None = None
    """Why it is not `verified`: the part of the request that decided."""
    answer: TrialAnswer
    unreadable: str | None = None
    """Why the body cannot be split into items."""
    items: list[TrialItem] = Field(default_factory=list)
    """At most 100, also of a request that is refused: a body can be tried without its proof."""


class SampleSent(BaseModel):
    """What the hook URL answered to a signed request."""

    status: int
    answer: str
    delivery_id: UUID | None
