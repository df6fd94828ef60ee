"""What an installation can set about ingest, read from the environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from mediaops_ingest.limit import Burst, Limit, Rate


class IngestSettings(BaseSettings):
    """Limits of the door and the delivery log."""

    model_config = SettingsConfigDict(env_prefix="MEDIAOPS_INGEST_", extra="ignore", frozen=True)

    backlog_cap: int = Field(
        500_000,
        gt=0,
        description="Deliveries that may wait for the normaliser before the door answers 503.",
    )
    delivery_days: int = Field(
        30,
        ge=1,
        le=400,
        description="Days that raw deliveries are kept; unread ones are kept longer.",
    )
    waiting_deliveries: int = Field(
        10_000, gt=0, description="Deliveries that may wait for the disk at one moment."
    )
    waiting_bytes: int = Field(
        64 << 20, gt=0, description="Bytes of bodies that may wait for the disk at one moment."
    )
    append_seconds: float = Field(
        1.5,
        gt=0,
        le=1.5,
        description="How long a delivery may take to become durable before the door answers 503; "
        "no longer, because two platforms wait for 2 s.",
    )
    source_items_per_second: Rate = Field(
        0, description="What each source may bring, unless it has a limit of its own; 0: anything."
    )
    source_burst: Burst | None = Field(
        None, description="How much of it may come at once; without it what comes in ten seconds."
    )
    workspace_items_per_second: Rate = Field(
        0, description="What all sources and posts of each workspace may bring together, likewise."
    )
    workspace_burst: Burst | None = Field(
        None, description="How much of it may come at once, likewise."
    )
    unknown_hooks: int = Field(
        10_000, gt=0, description="Unknown hook keys that are remembered as such."
    )
    hub_url: str = Field(
        "https://pubsubhubbub.appspot.com/subscribe",
        description="The WebSub hub at which YouTube's topics are subscribed to.",
    )

    @property
    def source_limit(self) -> Limit:
        return Limit(items_per_second=self.source_items_per_second, burst=self.source_burst)

    @property
    def workspace_limit(self) -> Limit:
        return Limit(items_per_second=self.workspace_items_per_second, burst=self.workspace_burst)
