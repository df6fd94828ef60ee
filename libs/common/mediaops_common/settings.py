"""What an installation can set, read once from the environment."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = [
    "BusSettings",
    "HttpSettings",
    "KeySettings",
    "LogSettings",
    "Settings",
    "StoreSettings",
]


def _config(prefix: str) -> SettingsConfigDict:
    # A blank variable, as compose files pass them, is one that is not set.
    return SettingsConfigDict(env_prefix=prefix, env_ignore_empty=True, extra="ignore", frozen=True)


def _is_address(url: str) -> str:
    parts = urlsplit(url)
    is_plain = url.isprintable() and " " not in url and not parts.query and not parts.fragment
    if parts.scheme not in {"http", "https"} or not parts.netloc or not is_plain:
        raise ValueError("must be an http:// or https:// address")
    return url.rstrip("/")


def _begins_with(*beginnings: str) -> AfterValidator:
    def check(url: str) -> str:
        if not url.startswith(beginnings):
            raise ValueError(f"must begin with {' or '.join(beginnings)}")
        return url

    return AfterValidator(check)


def _database(name: str, url: str, password_file: Path | None, service: str) -> str:
    # A command that needs no database need not wait for it.
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    url = url.replace("{service}", service)
    try:
        made = make_url(url)
    except (ArgumentError, ValueError):
        raise SystemExit(
            f"{name} cannot be read: it names one host, one port, and what is special in a password"
            " is percent-encoded"
        ) from None
    if password_file is None:
        return url
    file = Path(str(password_file).replace("{service}", service))
    try:
        password = file.read_text().strip()
    except OSError as error:
        raise SystemExit(f"cannot read the password in {file}: {error.strerror}") from None
    return made.set(password=password).render_as_string(hide_password=False)


class StoreSettings(BaseSettings):
    """Where things are kept."""

    model_config = _config("MEDIAOPS_")

    data: Path = Field(
        Path("data"), description="The data directory: databases, keys, the embedded bus."
    )
    database_url: Annotated[str, _begins_with("sqlite:///", "postgresql://")] | None = Field(
        None,
        description="Where a service keeps its tables; `{service}` stands for its name. "
        "Without it a SQLite file in the data directory.",
    )
    database_password_file: Path | None = Field(
        None,
        description="A file with the password of that role, when it is mounted instead of written "
        "into the URL; `{service}` as above.",
    )
    database_owner_url: Annotated[str, _begins_with("postgresql://")] | None = Field(
        None,
        description="The same databases as the role that owns the tables: migrations run as it, "
        "nothing else does. Without it the role that serves owns them, which production refuses.",
    )
    database_owner_password_file: Path | None = Field(
        None, description="A file with the password of the owner."
    )
    bus_url: Annotated[str, _begins_with("sqlite:///", "kafka://")] | None = Field(
        None,
        description="The bus: `kafka://host:port`, with more brokers behind commas. Without it an "
        "embedded log in the data directory.",
    )
    public_url: Annotated[str, AfterValidator(_is_address)] | None = Field(
        None, description="What hook URLs and links begin with, when a proxy stands in front."
    )
    inner_url: Annotated[str, AfterValidator(_is_address)] | None = Field(
        None,
        description="Where the system finds itself, when what hook URLs begin with leads elsewhere "
        "from inside: `send-test` asks there.",
    )
    services: list[str] | None = Field(
        None,
        description="The services that `mediaops up` runs, as a JSON list; all that are installed.",
    )
    production: bool = Field(
        False, description="Refuses what only a laptop may do: a frozen clock, a key beside data."
    )

    def url_of(self, service: str) -> str:
        """Where this service keeps its tables, as the role that serves."""
        url = self.database_url or f"sqlite:///{self.data}/{{service}}.db"
        return _database("MEDIAOPS_DATABASE_URL", url, self.database_password_file, service)

    def owner_url_of(self, service: str) -> str | None:
        """The same as the role that owns the tables; None where that is not another one."""
        url, file = self.database_owner_url, self.database_owner_password_file
        return url and _database("MEDIAOPS_DATABASE_OWNER_URL", url, file, service)

    @property
    def is_shared(self) -> bool:
        """Whether nothing that is written lies in the data directory: any number of processes may
        run over it."""
        database, bus = self.database_url or "", self.bus_url or ""
        return database.startswith("postgresql://") and bus.startswith("kafka://")


class BusSettings(BaseSettings):
    """The topics of the bus, and how this process proves itself to Kafka. In a bus URL these may
    follow as a query (`?replication=3`), secrets excepted."""

    model_config = _config("MEDIAOPS_BUS_")

    partitions: int | None = Field(
        None,
        ge=1,
        le=64,
        description="Partitions of a topic that is made; without it 2, on Kafka 8. A power of two "
        "shares the load evenly.",
    )
    retention_days: float = Field(
        7, gt=0, description="So long the bus keeps what was published; Kafka a day longer at most."
    )
    replication: int = Field(
        1, ge=1, description="Brokers that keep a copy of each topic that is made on Kafka."
    )
    min_insync: int = Field(
        1, ge=1, description="Of these, how many must have a record before it is acknowledged."
    )
    prefix: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]{0,60}$",
        description="Begins the names of topics and groups on Kafka, where installations share a "
        "cluster.",
    )
    security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How Kafka is spoken to."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="How name and password are proven."
    )
    username: str | None = Field(None, description="The name at Kafka, with SASL.")
    password: SecretStr | None = Field(None, description="The password at Kafka, with SASL.")
    password_file: Path | None = Field(
        None, description="A file that holds it, when it is mounted instead."
    )
    ca_file: Path | None = Field(
        None, description="Who may vouch for the brokers, with SSL; without it this machine's CAs."
    )
    certificate_file: Path | None = Field(
        None, description="The certificate of this process, where the brokers want one."
    )
    key_file: Path | None = Field(None, description="The private key of that certificate.")

    def secret(self) -> str | None:
        """The password, from wherever it is given."""
        if self.password is not None:
            return self.password.get_secret_value()
        return self.password_file.read_text().strip() if self.password_file else None

    def contradiction(self) -> str | None:
        """What cannot be set together, named by a variable."""
        if self.min_insync > self.replication:
            return "MEDIAOPS_BUS_MIN_INSYNC: there are not so many copies"
        proven = self.username and (self.password or self.password_file)
        if self.security.startswith("SASL") and not proven:
            return "MEDIAOPS_BUS_USERNAME: SASL needs a name and a password"
        return None


class KeySettings(BaseSettings):
    """Keys and tokens."""

    model_config = _config("MEDIAOPS_")

    production: bool = Field(False, description="See above.", exclude=True)
    private_key_file: Path | None = Field(
        None, description="The Ed25519 key that signs tokens; without it one in DATA/keys."
    )
    public_key_file: Path | None = Field(
        None, description="The public key that proves tokens; without it the one in DATA/keys."
    )
    secrets_key: SecretStr | None = Field(
        None, description="The key for secrets at rest: 32 bytes in base64; older ones may follow."
    )
    secrets_key_file: Path | None = Field(
        None, description="A file with the same content, when it is mounted instead."
    )
    revoked_file: Path | None = Field(
        None, description="Ids of revoked tokens, one a line; without it DATA/keys/revoked.txt."
    )
    token_issuer: str = Field("mediaops", description="`iss` of tokens.")
    token_audience: str = Field("mediaops", description="`aud` of tokens.")
    token_leeway_seconds: int = Field(
        5, ge=0, le=60, description="How far the clocks of two machines may differ."
    )


class HttpSettings(BaseSettings):
    """The server and what it accepts."""

    model_config = _config("MEDIAOPS_HTTP_")

    host: str = Field("127.0.0.1", description="The address it listens on.")
    port: int = Field(8000, ge=0, le=65535, description="The port; 0 takes a free one.")
    cors_origins: list[str] = Field(
        default_factory=list,
        description="Origins of front ends that may call from a browser, as a JSON list.",
    )
    max_body_bytes: int = Field(
        5 * 1024 * 1024, gt=0, description="The largest body that is accepted."
    )
    max_header_bytes: int = Field(
        32 * 1024, gt=0, description="The largest request line and headers together."
    )
    header_seconds: float = Field(10, gt=0, description="Time to send the headers of a request.")
    body_seconds: float = Field(30, gt=0, description="Time to send the whole body.")
    idle_seconds: float = Field(
        30, gt=0, description="How long a connection without a request stays open."
    )
    stalled_seconds: float = Field(
        30, gt=0, description="How long an answer may wait for a client that does not read it."
    )
    stop_seconds: float = Field(
        4, gt=0, le=9, description="Time that running requests get to finish when it stops."
    )
    trusted_proxies: list[str] = Field(
        default_factory=list,
        description="Addresses of proxies whose X-Forwarded-* is believed, as a JSON list.",
    )
    open_metrics: bool | None = Field(
        None,
        description="Whether /metrics needs no token (scope admin:read). Without it: when "
        "`host` is a loopback address.",
    )

    @property
    def metrics_are_open(self) -> bool:
        if self.open_metrics is not None:
            return self.open_metrics
        return self.host in {"127.0.0.1", "::1", "localhost"}


class LogSettings(BaseSettings):
    """What is written to standard error."""

    model_config = _config("MEDIAOPS_LOG_")

    format: Literal["auto", "json", "console"] = Field(
        "auto", description="`auto` is console on a terminal and JSON elsewhere."
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least important level that is written."
    )


@dataclass(frozen=True)
class Settings:
    """All of the above. Made once, where a process begins, and passed down."""

    store: StoreSettings = field(default_factory=StoreSettings)
    bus: BusSettings = field(default_factory=BusSettings)
    keys: KeySettings = field(default_factory=KeySettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    log: LogSettings = field(default_factory=LogSettings)

    def __post_init__(self) -> None:
        """Raises ValueError for what must not be set together, or at all."""
        if "*" in self.http.trusted_proxies:
            # Anybody could then write the address that limits and logs see.
            raise ValueError("MEDIAOPS_HTTP_TRUSTED_PROXIES: name the proxies, not '*'")
        if contradiction := self.bus.contradiction():
            raise ValueError(contradiction)
        if self.store.production and "*" in self.http.cors_origins:
            raise ValueError("MEDIAOPS_HTTP_CORS_ORIGINS: '*' is refused in production mode")
