"""What a deployment decides: `STAMGAST_…` variables, and the same names in a file `.env`."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from stamgast.clock.shop_time import Clock, check_clock, is_real, parse_clock, parse_time
from stamgast.clock.since import Since
from stamgast.lifecycle.who_looks import SHORTEST_TOKEN, is_loopback

LIVE_TWILIO = "https://api.twilio.com"
SANDBOX_ACCOUNT = "ACsandbox"
SANDBOX_AUTH_TOKEN = "sandbox-auth-token"  # noqa: S105  a stand-in's, and public

Partitions = Annotated[int, Field(ge=1, le=512)]


class SettingsError(ValueError):
    """A setting that this process needs is missing or wrong; the text names it."""


class Settings(BaseSettings):
    """Every setting, with what fits a trial on one machine as its default."""

    model_config = SettingsConfigDict(env_prefix="STAMGAST_", env_file=".env", extra="ignore", frozen=True)

    kafka_bootstrap: str = Field("127.0.0.1:9092", description="Kafka's address, host:port, several by comma")
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="how Kafka is spoken to: `SSL` is TLS, `SASL` with a name"
    )
    kafka_ca_file: str = Field("", description="PEM file of who vouches for the brokers; empty: as on this machine")
    kafka_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN", "OAUTHBEARER"] = Field(
        "SCRAM-SHA-512", description="how one proves the name to Kafka"
    )
    kafka_username: str = Field("", description="the name at Kafka; for OAUTHBEARER the client's id")
    kafka_password: SecretStr = Field(SecretStr(""), description="its password; for OAUTHBEARER the client's secret")
    kafka_oauth_url: str = Field("", description="where OAUTHBEARER's tokens come from, by client credentials")
    kafka_oauth_scope: str = Field("", description="the scope that they are asked for, if any")
    redis_url: str = Field(
        "redis://127.0.0.1:6379/0",
        pattern=r"^(rediss?|unix)://",
        repr=False,
        description="Redis or Valkey; of a Redis Cluster any node, or several by comma. With locks: "
        "`rediss://user:password@host:6379/0?ssl_ca_certs=/path/ca.pem`",
    )
    config_dir: Path = Field(Path("config"), description="where merchants/<merchant>/program.yaml and its rules stand")
    who: str = Field(
        "",
        max_length=100,
        description="who publishes, launches and rolls back, as `rules history` tells it; empty: the operating "
        "system's user",
    )
    signed_since: str = Field(
        "",
        description="RFC 3339: records without our signature that Kafka appended after that are not believed; "
        "empty: all are, as before there were any (docs/operations.md)",
    )
    all_signed_since: str = Field(
        "",
        description="RFC 3339: the same for activations.v1, segments.v1 and dead-letters.v1, whose records are signed "
        "since a later version (docs/operations.md)",
    )
    proven_since: str = Field(
        "",
        description="RFC 3339: purchases that others wrote to Kafka after that need the proof of their merchant; "
        "`merchant=…` for one of them, several by comma; empty: anybody's are believed (docs/operations.md)",
    )
    partitions: Partitions = Field(8, description="partitions of every topic; fixed when the topics are created")
    topic_prefix: str = Field("", description="put before every topic's name (tests share one broker)")
    replication_factor: int = Field(-1, description="copies of each record in new topics; -1 leaves it to the broker")
    group_prefix: str = Field("stamgast", description="how the names of our consumer groups begin")
    session_timeout_ms: int = Field(
        6_000, ge=1_000, description="a worker silent for so long loses its partitions; Kafka allows 6000 and more"
    )
    start_limit_s: float = Field(60, gt=0, description="a worker that does not consume after so long exits non-zero")
    stall_limit_s: float = Field(30, gt=1, description="so does one whose event loop stands still for so long")

    post_limit_s: float = Field(
        30, gt=0, description="a submission begun by a worker that is gone is in doubt after so long"
    )
    look_ups_s: str = Field(
        "120,900,3600",
        pattern=r"^\d+(\.\d+)?(,\d+(\.\d+)?)*$",
        description="when a submission in doubt is looked up at the carrier, seconds after it began",
    )

    sender_width: int = Field(
        8,
        ge=1,
        description="submissions side by side, per sender and worker; an outage puts at most that and five in doubt",
    )
    probes_s: str = Field(
        "5,300",
        pattern=r"^\d+(\.\d+)?,\d+(\.\d+)?$",
        description="seconds to the first probe of a carrier that fails, and to a later one at most",
    )

    id_key: SecretStr = Field(SecretStr(""), description="base64, 32 bytes: customer ids derive from it; never rotates")
    wrapping_keys: SecretStr = Field(
        SecretStr(""),
        description="`name:base64` of 32 bytes each, several by comma; the first one wraps, all of them unwrap",
    )

    media_store: str = Field(
        ".run/media",
        description="where pictures lie that customers sent, sealed, for sixty days: a folder that all workers share, "
        "or `s3://bucket/prefix` (extra `s3`; `?endpoint=https://…` for a store that is not Amazon's)",
    )
    public_url: str = Field("http://127.0.0.1:8000", description="where carriers and customers reach `stamgast web`")
    web_host: str = Field("127.0.0.1", description="the interface that `stamgast web` listens on")
    web_port: int = Field(8000, ge=0, le=65_535)
    web_hosts: str = Field(
        "",
        description="names under which `stamgast web` is reached, several by comma, beside PUBLIC_URL's, localhost and "
        "addresses",
    )
    web_proxies: str = Field(
        "",
        description="addresses or networks of the proxies before `stamgast web`, several by comma: whom a request "
        "comes from is believed of them alone",
    )
    web_keep_alive_s: float = Field(
        75,
        gt=0,
        le=3_600,
        description="so long `stamgast web` keeps a connection that says nothing after an answer: longer than the pool "
        "or the load balancer before it does (60 s mostly), or a POST gets lost now and then",
    )
    sandbox_host: str = Field("127.0.0.1", description="the interface that `stamgast sandbox` listens on")
    sandbox_port: int = Field(8010, ge=0, le=65_535)
    sandbox_token: SecretStr = Field(
        SecretStr(""), description="the token that a sandbox asks for when it listens off loopback"
    )
    metrics_host: str = Field(
        "127.0.0.1", description="the interface of both ports below; off loopback STAMGAST_METRICS_TOKEN is needed"
    )
    metrics_port: int = Field(
        0, ge=0, le=65_535, description="where a worker serves /metrics, /healthz and /readyz; 0: nowhere"
    )
    web_metrics_port: int = Field(0, ge=0, le=65_535, description="where `stamgast web` serves the same; 0: nowhere")
    metrics_token: SecretStr = Field(
        SecretStr(""), description="who asks there sends it as `Authorization: Bearer`; at least 16 characters"
    )

    twilio_base_url: str = Field(LIVE_TWILIO, description="address of Twilio's API, or of a sandbox")
    twilio_account_sid: str = ""
    twilio_api_key: SecretStr = SecretStr("")
    twilio_api_secret: SecretStr = SecretStr("")
    twilio_auth_token: SecretStr = Field(SecretStr(""), description="checks the signature of what Twilio calls back")

    wallet_apple_pass_type: str = Field(
        "", description="Apple Wallet (docs/wallet.md): `pass.…`, as registered at Apple"
    )
    wallet_apple_team: str = Field("", description="the team at Apple that it belongs to: ten letters and digits")
    wallet_apple_certificate: str = Field("", description="file of the pass type's certificate, PEM or DER")
    wallet_apple_key: str = Field("", description="file of its private key, PEM")
    wallet_apple_key_password: SecretStr = Field(SecretStr(""), description="that key's password, if it has one")
    wallet_apple_intermediate: str = Field("", description="file of Apple's intermediate (WWDR), PEM or DER")
    wallet_apple_push_url: str = Field("https://api.push.apple.com", description="where devices are woken: APNs")
    wallet_google_issuer: str = Field("", description="Google Wallet (docs/wallet.md): the issuer's number")
    wallet_google_account: str = Field("", description="file of the service account's key, JSON")
    wallet_google_url: str = Field(
        "https://walletobjects.googleapis.com/walletobjects/v1", description="address of Google Wallet's API"
    )

    clock: str = Field("real", description="`real`, `2026-10-01T08:00:00Z,60x` (scaled) or `driven`")
    clock_file: Path = Field(
        Path(".run/clock"), description="where driven shop time stands, and beside it since when a scaled one runs"
    )

    log_level: str = Field("info", pattern="^(debug|info|warning|error)$")
    log_format: str = Field("auto", pattern="^(auto|json|console)$", description="auto: console at a terminal")

    @field_validator("clock")
    @classmethod
    def _clock_is_known(cls, value: str) -> str:
        check_clock(value)
        return value

    @field_validator("twilio_base_url", "public_url")
    @classmethod
    def _is_a_url(cls, value: str) -> str:
        if urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname:
            raise ValueError(f"{value!r} is not an http or https URL")
        return value.rstrip("/")

    @field_validator("signed_since", "all_signed_since")
    @classmethod
    def _is_a_time(cls, value: str) -> str:
        if value:
            parse_time(value)
        return value

    @field_validator("proven_since")
    @classmethod
    def _are_moments(cls, value: str) -> str:
        Since.parse(value)
        return value

    @field_validator("web_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        for each in listed(value):
            try:
                ip_network(each)
            except ValueError:
                raise ValueError(f"{each!r} is not an address or a network such as 10.0.0.0/24") from None
        return value

    @field_validator("kafka_ca_file")
    @classmethod
    def _is_there(cls, value: str) -> str:
        if value:
            try:
                Path(value).read_bytes()
            except OSError as error:
                raise ValueError(f"{value}: {error.strerror}") from None
        return value

    @model_validator(mode="after")
    def _kafka_lets_in(self) -> Self:
        if not self.kafka_security.startswith("SASL"):
            return self
        if not (self.kafka_username and self.kafka_password.get_secret_value()):
            raise ValueError(f"{self.kafka_security} needs STAMGAST_KAFKA_USERNAME and STAMGAST_KAFKA_PASSWORD")
        if self.kafka_mechanism in {"PLAIN", "OAUTHBEARER"} and self.kafka_security != "SASL_SSL":
            raise ValueError(
                f"{self.kafka_mechanism} shows on the way what lets in: use STAMGAST_KAFKA_SECURITY=SASL_SSL"
            )
        where = urlsplit(self.kafka_oauth_url)
        if self.kafka_mechanism == "OAUTHBEARER" and not (
            where.hostname and (where.scheme == "https" or (where.scheme == "http" and is_loopback(where.hostname)))
        ):
            raise ValueError("OAUTHBEARER needs STAMGAST_KAFKA_OAUTH_URL: an https URL that gives out tokens")
        return self

    @model_validator(mode="after")
    def _figures_are_shown_to_nobody_else(self) -> Self:
        short = len(self.metrics_token.get_secret_value()) < SHORTEST_TOKEN
        if (self.metrics_port or self.web_metrics_port) and short and not is_loopback(self.metrics_host):
            raise ValueError(
                f"metrics on {self.metrics_host} would be shown to whoever asks: "
                f"set STAMGAST_METRICS_TOKEN, of at least {SHORTEST_TOKEN} characters"
            )
        return self

    @model_validator(mode="after")
    def _live_credentials_stay_with_twilio(self) -> Self:
        live = has_live_account(self.twilio_account_sid)
        if live and not is_twilio(self.twilio_base_url):
            raise ValueError(
                "live Twilio credentials go only to https on twilio.com; "
                f"towards {self.twilio_base_url} use an account that begins with {SANDBOX_ACCOUNT}"
            )
        if live and not is_real(self.clock):
            raise ValueError(
                f"clock {self.clock!r} with live Twilio credentials would message people at invented times"
            )
        if live and SANDBOX_AUTH_TOKEN in listed(self.twilio_auth_token.get_secret_value()):
            raise ValueError(
                "the sandbox's auth token is public: with a live Twilio account anybody could sign as Twilio; "
                "set STAMGAST_TWILIO_AUTH_TOKEN to the account's own"
            )
        if live and urlsplit(self.public_url).scheme != "https":
            raise ValueError(
                f"a live Twilio account calls back over https alone, and PUBLIC_URL is {self.public_url}: "
                "what people write and their telephone numbers would be read on the way"
            )
        return self

    def make_clock(self) -> Clock:
        """Make the clock that CLOCK describes; call it once in a process and hand it on."""
        return parse_clock(self.clock, self.clock_file)


def listed(text: str) -> list[str]:
    """What stands in a setting by comma."""
    return [each.strip() for each in text.split(",") if each.strip()]


def has_live_account(account_sid: str) -> bool:
    """Say whether this Twilio account is a real one: anything set that is not the sandbox's."""
    return bool(account_sid) and not account_sid.startswith(SANDBOX_ACCOUNT)


def is_twilio(base_url: str) -> bool:
    """Say whether this URL is Twilio itself, over https."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    return parts.scheme == "https" and (host == "twilio.com" or host.endswith(".twilio.com"))


def auth_tokens_of(settings: Settings) -> list[str]:
    """Twilio's auth tokens: one, or the old one and the new one by comma while it is being changed."""
    return listed(settings.twilio_auth_token.get_secret_value())
