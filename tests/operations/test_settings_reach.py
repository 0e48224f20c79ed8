"""What an operator sets reaches the processes: each setting, by docker-compose.yml and on Kubernetes."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest
from compose_file import CHECKOUT, COMPOSE, services, stated
from cryptography.fernet import Fernet
from test_kubernetes import MANIFESTS, containers

from services.settings import Settings

FIXED = {
    "TONNAGE_ENVIRONMENT": "the file runs production",
    "DATABASE_URL": "made of POSTGRES_PASSWORD: the database is a service of the file",
    "REDIS_URL": "made of VALKEY_PASSWORD: the broker is a service of the file",
    "TONNAGE_METRICS_PORT": "of a container alone; Prometheus is told the same number",
}
"""Settings that docker-compose.yml makes itself, each with the reason why .env does not say it."""

OTHERS = {
    "TONNAGE_API_KEY": "read by the commands that call an API, as the demo does",
    "PROMETHEUS_MULTIPROC_DIR": "read by prometheus_client",
    "REMAP_SIGTERM": "read by Celery",
    "FLOWER_BASIC_AUTH": "read by Flower",
}
"""Names that our services are passed and that are no settings, each with who reads it."""

SECRETS = {
    "POSTGRES_PASSWORD": "p",
    "VALKEY_PASSWORD": "v",
    "FLOWER_PASSWORD": "f",
    "TONNAGE_SECRET_KEYS": f'["{Fernet.generate_key().decode()}"]',
}
CHOSEN = {
    "TONNAGE_SECRET_KEYS": f'["{Fernet.generate_key().decode()}"]',
    "TONNAGE_PRIVATE_NETWORKS": '["10.1.0.0/16"]',
    "TONNAGE_PORTFOLIO": "full",
    "TONNAGE_ALERT_BUDGET": "0.7",
    "TONNAGE_LEASE_SECONDS": "700",
    "TONNAGE_DELIVERY_TIMEOUT_SECONDS": "7",
    "TONNAGE_FLOWER_URL": "https://flower.example/",
    "TONNAGE_METRICS_URL": "https://grafana.example/",
    "TONNAGE_TRACES_URL": "http://collector.example:4318/v1/traces",
    "TONNAGE_SOURCE_ADDRESSES": '{"gacc": "https://mirror.example/"}',
    "TONNAGE_RATE_LIMIT": "77",
    "TONNAGE_CORS_ORIGINS": '["https://charts.example"]',
    "TONNAGE_STATEMENT_TIMEOUT_SECONDS": "71",
    "TONNAGE_LOCK_TIMEOUT_SECONDS": "72",
    "TONNAGE_BODY_TIMEOUT_SECONDS": "73",
    "TONNAGE_UPLOAD_LIMIT_BYTES": "7000000",
    "TONNAGE_FILE_LIMIT_BYTES": "70000000",
}
"""What an operator might put into .env: of each setting another value than its default."""

PARTS = sorted(name for name, service in services().items() if service["image"] == "tonnage")


def fields() -> dict[str, str]:
    """Each field of the settings by the variable that it is read from."""
    found = {}
    for name, field in Settings.model_fields.items():
        alias: Any = field.validation_alias
        found[f"TONNAGE_{name.upper()}" if alias is None else alias.choices[0]] = name
    return found


def read(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> dict[str, Any]:
    """The settings of a process with an environment, by variable."""
    for name in set(os.environ) & fields().keys():
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    held = Settings()
    return {name: getattr(held, field) for name, field in fields().items()}


def test_each_setting_can_be_set_in_env(monkeypatch: pytest.MonkeyPatch) -> None:
    """What .env says of a setting is what the process works with, of every setting that is not fixed."""
    assert CHOSEN.keys() == fields().keys() - FIXED.keys()
    held = read(monkeypatch, stated("api", SECRETS | CHOSEN))
    wanted = read(monkeypatch, stated("api", SECRETS | CHOSEN) | CHOSEN)
    assert {name: held[name] for name in CHOSEN} == {name: wanted[name] for name in CHOSEN}


@pytest.mark.parametrize("given", ["", None], ids=["empty", "not set"])
def test_what_is_not_set_is_the_default(monkeypatch: pytest.MonkeyPatch, given: str | None) -> None:
    """Where .env says nothing of a setting, or leaves it empty, it has its default."""
    said = {} if given is None else dict.fromkeys(CHOSEN, given)
    held = read(monkeypatch, stated("api", said | SECRETS))
    assert held.pop("TONNAGE_FLOWER_URL") == "http://127.0.0.1:5555"  # where the file itself publishes it
    for name in held.keys() - FIXED.keys() - {"TONNAGE_SECRET_KEYS"}:
        field = Settings.model_fields[fields()[name]]
        assert held[name] == field.get_default(call_default_factory=True), name


@pytest.mark.parametrize("part", PARTS)
def test_every_part_is_passed_the_same_settings(part: str) -> None:
    """Each service of ours is passed every setting, and nothing that nobody reads."""
    passed = services()[part]["environment"].keys()
    assert passed >= fields().keys()
    assert passed <= fields().keys() | OTHERS.keys()


def test_what_the_guide_names_is_passed() -> None:
    """Every variable of ours that operations.md names can be put into .env."""
    named = set(re.findall(r"\bTONNAGE_[A-Z_]+", (CHECKOUT / "services/docs/operations.md").read_text()))
    assert {"TONNAGE_LOCK_TIMEOUT_SECONDS", "TONNAGE_STATEMENT_TIMEOUT_SECONDS"} <= named
    assert named <= set(re.findall(r"\$\{(TONNAGE_[A-Z_]+)", COMPOSE.read_text()))


def test_kubernetes_passes_each_part_whatever_is_set() -> None:
    """Each container takes config map and secret whole, and the map holds nothing that nobody reads."""
    (config,) = (each for each in MANIFESTS if each["kind"] == "ConfigMap")
    assert config["data"].keys() <= fields().keys() | OTHERS.keys()
    whole = [{"configMapRef": {"name": "tonnage"}}, {"secretRef": {"name": "tonnage"}}]
    ours = [container for each in MANIFESTS for container in containers(each)]
    assert ours
    assert all(container["envFrom"] == whole and "env" not in container for container in ours)
