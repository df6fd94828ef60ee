"""One signed HTTP request, ready to be sent."""

from dataclasses import dataclass, field

__all__ = ["Credentials", "Request"]


@dataclass(frozen=True, slots=True)
class Request:
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What both ends of a source know. Fields that a scheme does not use are empty."""

    secret: str
    """`whsec_…`, Douyin's client secret, or WeChat's token."""
    encoding_aes_key: str = ""
    app_id: str = ""
