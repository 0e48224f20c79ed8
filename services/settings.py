"""Every setting of a Tonnage process, with its default and unit, read from the environment."""

from __future__ import annotations

from functools import cache
from importlib import metadata
from ipaddress import IPv4Network, IPv6Network
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PLACEHOLDER_KEY = "development-only"


class Settings(BaseSettings):
    """Settings of one process. DATABASE_URL and REDIS_URL by their usual names, the rest as TONNAGE_*."""

    model_config = SettingsConfigDict(env_prefix="TONNAGE_", extra="ignore", frozen=True)

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
    upload_limit_bytes: int = Field(default=10_000_000, gt=0, description="Bytes in one request body.")

    @property
    def code_version(self) -> str:
        """Version of this package, kept with every published forecast."""
        return metadata.version("tonnage")


@cache
def settings() -> Settings:
    """Settings of this process, read once."""
    return Settings()
