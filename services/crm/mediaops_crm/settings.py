"""What an installation can set about crm, read from the environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class CrmSettings(BaseSettings):
    """How the read models are kept. Definitions of metrics are not settings."""

    model_config = SettingsConfigDict(env_prefix="MEDIAOPS_CRM_", extra="ignore", frozen=True)

    channel_wait_seconds: float = Field(
        5.0,
        ge=0,
        le=10,
        description="How long a question about a channel waits for one made a moment ago.",
    )
    settle_seconds: float = Field(
        60.0,
        gt=0,
        description="How often all small changes of bitmaps are folded, also where there are few.",
    )
