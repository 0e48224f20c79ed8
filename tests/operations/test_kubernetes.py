"""The manifests are valid, run what docker-compose.yml runs, and scale by rows that are due."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from compose_file import services
from sqlalchemy import create_engine, text

FOLDER = Path(__file__).parents[2] / "services" / "operations" / "kubernetes"
LISTED = yaml.safe_load((FOLDER / "kustomization.yml").read_text())["resources"]
MANIFESTS: list[dict[str, Any]] = [
    manifest for name in LISTED for manifest in yaml.safe_load_all((FOLDER / name).read_text())
]
DEPLOYMENTS = {each["metadata"]["name"]: each for each in MANIFESTS if each["kind"] == "Deployment"}
OF_KEDA = {"ScaledObject", "TriggerAuthentication"}


def named(manifest: dict[str, Any]) -> str:
    return f"{manifest['kind']}-{manifest['metadata']['name']}"


@pytest.mark.parametrize("manifest", [each for each in MANIFESTS if each["kind"] not in OF_KEDA], ids=named)
def test_each_manifest_is_valid(manifest: dict[str, Any]) -> None:
    """A manifest agrees, strictly, with the schema of its kind."""
    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kustomize_renders_all() -> None:
    """kubectl kustomize renders every manifest, in the namespace."""
    rendered = subprocess.run(
        ["kubectl", "kustomize", FOLDER],  # noqa: S607 - wherever it is installed
        capture_output=True,
        text=True,
        check=False,
    )
    assert rendered.returncode == 0, rendered.stderr
    found = list(yaml.safe_load_all(rendered.stdout))
    assert len(found) == len(MANIFESTS)
    assert {each["metadata"]["namespace"] for each in found} == {"tonnage"}


@pytest.mark.parametrize("name", sorted(DEPLOYMENTS))
def test_a_part_runs_as_it_does_under_compose(name: str) -> None:
    """Same command, hardened, bounded, with a probe; what keeps state on a disc of compose's is left out."""
    pod = DEPLOYMENTS[name]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    composed = services()[name]["command"]
    kept = ("--persistent", "--db=", "--state_save_interval")
    assert container["command"] == [word for word in composed if not word.startswith(kept)]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert {"requests", "limits"} <= container["resources"].keys()
    assert "livenessProbe" in container
    assert pod["terminationGracePeriodSeconds"] == 30


def test_every_replicated_part_has_a_budget() -> None:
    """Whatever has more than one replica, or may get more, keeps running while nodes are drained."""
    budgets = {each["metadata"]["name"] for each in MANIFESTS if each["kind"] == "PodDisruptionBudget"}
    scaled = {each["spec"]["scaleTargetRef"]["name"] for each in MANIFESTS if each["kind"] == "ScaledObject"}
    several = {name for name, each in DEPLOYMENTS.items() if each["spec"]["replicas"] > 1}
    assert scaled == {"worker-ingest", "worker-forecast", "worker-delivery"}
    assert budgets >= scaled | several


def test_what_is_scaled_by_can_be_asked(database_url: str) -> None:
    """The query of each ScaledObject gives one number on the schema as it is."""
    engine = create_engine(database_url)
    with engine.connect() as connection:
        for each in (one for one in MANIFESTS if one["kind"] == "ScaledObject"):
            trigger = each["spec"]["triggers"][0]["metadata"]
            assert connection.execute(text(trigger["query"])).scalar_one() == 0
            assert int(trigger["targetQueryValue"]) > 0
    engine.dispose()
