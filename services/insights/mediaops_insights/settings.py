"""What an installation can set about insights, read from the environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class InsightsSettings(BaseSettings):
    """Limits of the insights service."""

    model_config = SettingsConfigDict(env_prefix="MEDIAOPS_INSIGHTS_", extra="ignore", frozen=True)

    channel_wait_seconds: float = Field(
        5.0,
        ge=0,
        le=10,
        description="How long a question about a channel waits for one made a moment ago.",
    )
    max_cells: int = Field(
        50_000, gt=0, description="The most cells that one answer of metrics/query may have."
    )
    stream_heartbeat_seconds: float = Field(
        15.0, gt=0, le=60, description="How often a silent stream says that it is alive."
    )
    stream_connection_seconds: float = Field(
        900.0,
        gt=0,
        description="After so long a stream ends and the client comes back.",
    )
    stream_kept_hours: int = Field(
        24, gt=0, description="How long a stream can be resumed by Last-Event-ID."
    )
