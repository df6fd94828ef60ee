"""What an installation can set about ingest, read from the environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


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
        le=4,
        description="How long a delivery may take to become durable before the door answers 503.",
    )
    unknown_hooks: int = Field(
        10_000, gt=0, description="Unknown hook keys that are remembered as such."
    )
    hub_url: str = Field(
        "https://pubsubhubbub.appspot.com/subscribe",
        description="The WebSub hub at which YouTube's topics are subscribed to.",
    )
