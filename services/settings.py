"""Every setting of a Tonnage process, with its default and unit, read from the environment."""

from __future__ import annotations

from functools import cache
from importlib import metadata
from ipaddress import IPv4Network, IPv6Network
from typing import Literal, Self

from pydantic import AliasChoices, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_HERE = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


class Settings(BaseSettings):
    """Settings of one process. DATABASE_URL and REDIS_URL by their usual names, the rest as TONNAGE_*.

    A variable that is empty counts as not set: so an .env may name all of them, and compose may pass them on.
    """

    model_config = SettingsConfigDict(
        env_prefix="TONNAGE_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    environment: Literal["development", "production"] = "development"
    database_url: str = Field(
        default="postgresql+psycopg://localhost/tonnage",
        validation_alias=AliasChoices("DATABASE_URL"),
        description="SQLAlchemy address of PostgreSQL 15 or later.",
    )
    redis_url: str = Field(
        default="redis://localhost:6379/0",
        validation_alias=AliasChoices("REDIS_URL"),
        description="Redis or Valkey, as Celery's broker; appendonly on and noeviction are expected.",
    )
    secret_keys: tuple[SecretStr, ...] = Field(
        default=(),
        description="Fernet keys that encrypt webhook secrets at rest, newest first; JSON list.",
    )
    private_networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(),
        description="Networks that webhooks may reach although they are not public, and over plain http.",
    )
    portfolio: str = Field(default="standard", description="Portfolio that the service publishes with.")
    alert_budget: float = Field(
        default=0.1, gt=0, le=12, description="Expected false shocks per series and year."
    )
    lease_seconds: float = Field(
        default=600, gt=0, description="Seconds that a worker may hold a job before it is due again."
    )
    delivery_timeout_seconds: float = Field(
        default=15, gt=0, le=60, description="Seconds for one webhook attempt in all."
    )
    metrics_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="Port that this process tells Prometheus on, never the public one; none by default.",
    )
    flower_url: str | None = Field(
        default=None, description="Where people find Flower, for the link on the page of operations."
    )
    metrics_url: str | None = Field(
        default=None, description="Where people find the metrics, such as Grafana, for the same page."
    )
    traces_url: str | None = Field(
        default=None,
        description="Where traces are sent, OTLP by HTTP, such as http://collector:4318/v1/traces; nowhere "
        "by default. Needs the extra `tracing`.",
    )
    source_addresses: dict[str, str] = Field(
        default_factory=dict,
        description="Other addresses of sources, by name: a mirror, or one that has moved; JSON object.",
    )
    rate_limit: int = Field(
        default=6000, gt=0, description="Requests a minute that one API key may make, over all processes."
    )
    cors_origins: tuple[str, ...] = Field(
        default=(),
        description="Origins whose pages may call the API with a key of theirs; none by default. JSON list.",
    )
    statement_timeout_seconds: float = Field(
        default=60,
        gt=0,
        le=3600,
        description="Seconds that one statement of a request may take in the database; workers and commands "
        "have no such limit.",
    )
    lock_timeout_seconds: float = Field(
        default=40,
        gt=0,
        le=3600,
        description="Seconds that a request waits for another that changes the same; a release of 10,000 "
        "series holds its series for up to 30.",
    )
    body_timeout_seconds: float = Field(
        default=120, gt=0, le=3600, description="Seconds for one request body to come whole."
    )
    upload_limit_bytes: int = Field(default=10_000_000, gt=0, description="Bytes in one request body.")
    file_limit_bytes: int = Field(
        default=250_000_000,
        gt=0,
        description="Bytes of one local file that `tonnage ingest` reads: a million rows of 250 bytes.",
    )

    @model_validator(mode="after")
    def _fit_for_production(self) -> Self:
        """In production nothing may be left to a default that is for development alone."""
        if self.environment == "development":
            return self
        wrong = [
            f"{name} is not set"
            for name, field in (("DATABASE_URL", "database_url"), ("REDIS_URL", "redis_url"))
            if field not in self.model_fields_set
        ]
        if not self.secret_keys:
            wrong.append("TONNAGE_SECRET_KEYS holds no key")
        if any(_overlap(each, own) for each in self.private_networks for own in _HERE):
            wrong.append("TONNAGE_PRIVATE_NETWORKS lets webhooks reach this machine")
        if wrong:
            raise ValueError(f"not fit for production: {'; '.join(wrong)}")
        return self

    @property
    def code_version(self) -> str:
        """Version of this package, kept with every published forecast."""
        return _version()


def _overlap(one: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    return one.version == other.version and (one[0] in other or other[0] in one)


@cache
def _version() -> str:
    """Read once: it stands in a file, and each answer that is tagged by it would read that again."""
    return metadata.version("tonnage")


@cache
def settings() -> Settings:
    """Settings of this process, read once."""
    return Settings()
