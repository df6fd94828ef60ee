"""What an installation can set about crm, read from the environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class CrmSettings(BaseSettings):
    """How the read models are kept. Definitions of metrics are not settings."""

    model_config = SettingsConfigDict(env_prefix="MEDIAOPS_CRM_", extra="ignore", frozen=True)

    settle_seconds: float = Field(
        60.0,
        gt=0,
        description="How often all small changes of bitmaps are folded, also where there are few.",
    )
