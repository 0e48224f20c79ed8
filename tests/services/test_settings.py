"""Settings: production starts with nothing that is for development alone."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from pydantic import ValidationError

from services.settings import Settings

GOOD = {
    "TONNAGE_ENVIRONMENT": "production",
    "DATABASE_URL": "postgresql+psycopg://tonnage@db/tonnage",
    "REDIS_URL": "redis://broker:6379/0",
    "TONNAGE_SECRET_KEYS": f'["{Fernet.generate_key().decode()}"]',
    "TONNAGE_PRIVATE_NETWORKS": '["10.0.0.0/8"]',
}


def put(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name in GOOD:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def test_production_starts_with_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """With every address and key given production starts; development needs none of them."""
    put(monkeypatch, GOOD)
    assert Settings().environment == "production"
    put(monkeypatch, {})
    assert Settings().environment == "development"


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "TONNAGE_SECRET_KEYS"])
def test_production_refuses_a_default(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What is missing is named."""
    put(monkeypatch, {key: value for key, value in GOOD.items() if key != name})
    with pytest.raises(ValidationError, match=name):
        Settings()


@pytest.mark.parametrize("network", ["127.0.0.0/8", "::1/128", "0.0.0.0/0"])
def test_production_refuses_webhooks_to_itself(monkeypatch: pytest.MonkeyPatch, network: str) -> None:
    """A desk on the service's own machine is for development."""
    put(monkeypatch, {**GOOD, "TONNAGE_PRIVATE_NETWORKS": f'["{network}"]'})
    with pytest.raises(ValidationError, match="reach this machine"):
        Settings()
