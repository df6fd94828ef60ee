"""What an installation can set about content, read from the environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ContentSettings(BaseSettings):
    """Limits of the content service."""

    model_config = SettingsConfigDict(env_prefix="MEDIAOPS_CONTENT_", extra="ignore", frozen=True)

    channel_wait_seconds: float = Field(
        5.0,
        ge=0,
        le=10,
        description="How long registering a publication waits for a channel made a moment ago.",
    )
