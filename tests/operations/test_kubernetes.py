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
    found = rendered(FOLDER)
    assert len(found) == len(MANIFESTS)
    within = [each for each in found if each["kind"] != "Namespace"]
    assert {each["metadata"]["namespace"] for each in within} == {"tonnage"}


@pytest.mark.parametrize("name", sorted(DEPLOYMENTS))
def test_a_part_runs_as_it_does_under_compose(name: str) -> None:
    """Same command, hardened, bounded, with a probe."""
    pod = DEPLOYMENTS[name]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    assert container["command"] == services()[name]["command"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert {"requests", "limits"} <= container["resources"].keys()
    assert "livenessProbe" in container
    assert pod["terminationGracePeriodSeconds"] == 30


@pytest.mark.parametrize("name", sorted(DEPLOYMENTS))
def test_what_compose_keeps_outlives_a_pod(name: str) -> None:
    """Each folder that is a volume of compose's is a claim here, which one pod at a time may write."""
    kept = {mount.partition(":")[2] for mount in services()[name].get("volumes", ())}
    pod = DEPLOYMENTS[name]["spec"]["template"]["spec"]
    claims = {each["metadata"]["name"] for each in MANIFESTS if each["kind"] == "PersistentVolumeClaim"}
    claimed = {
        volume["name"]: volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["volumes"]
        if "persistentVolumeClaim" in volume
    }
    mounts = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
    assert {mounts[volume] for volume in claimed} == kept
    assert set(claimed.values()) <= claims
    if claimed:
        assert DEPLOYMENTS[name]["spec"]["strategy"]["type"] == "Recreate"
        assert pod["securityContext"]["fsGroup"] == pod["securityContext"]["runAsGroup"]


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


def test_who_is_scraped_answers_there() -> None:
    """A pod that Prometheus is to ask has the port that it names; one that serves none is not asked."""
    silent = {"beat", "flower"}
    for name, each in DEPLOYMENTS.items():
        template = each["spec"]["template"]
        asked = template["metadata"].get("annotations", {})
        ports = {str(port["containerPort"]) for port in template["spec"]["containers"][0].get("ports", [])}
        if name in silent:
            assert "prometheus.io/scrape" not in asked, name
            assert "9100" not in ports, name
        else:
            assert asked["prometheus.io/scrape"] == "true"
            assert asked["prometheus.io/port"] in ports


def test_the_namespace_is_made() -> None:
    """What everything else is put into is a manifest too, and the first."""
    namespace = yaml.safe_load((FOLDER / "kustomization.yml").read_text())["namespace"]
    assert (MANIFESTS[0]["kind"], MANIFESTS[0]["metadata"]["name"]) == ("Namespace", namespace)


def containers(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """The containers of a workload; none of anything else."""
    pod = manifest.get("spec", {}).get("template", {}).get("spec", {})
    return [*pod.get("containers", ()), *pod.get("initContainers", ())]


def test_the_image_is_said_in_one_place() -> None:
    """kustomization.yml gives the image of every workload its registry and its tag, which is not latest."""
    (image,) = yaml.safe_load((FOLDER / "kustomization.yml").read_text())["images"]
    used = {container["image"] for each in MANIFESTS for container in containers(each)}
    assert used == {image["name"]} == {"tonnage"}
    assert image["newTag"] not in {"", "latest"}
    assert image["newName"]


def rendered(folder: Path) -> list[dict[str, Any]]:
    """What kubectl makes of the manifests."""
    made = subprocess.run(
        ["kubectl", "kustomize", folder],  # noqa: S607 - wherever it is installed
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return list(yaml.safe_load_all(made.stdout))


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_a_new_image_is_a_new_job(tmp_path: Path) -> None:
    """The Job that migrates is called by its tag: it cannot change, and another image is another Job."""
    tags = {}
    for name, tag in (("tonnage", "0.1.0"), ("registry.example:5000/acme/tonnage", "0.2.0")):
        folder = tmp_path / tag
        shutil.copytree(FOLDER, folder)
        said = yaml.safe_load((folder / "kustomization.yml").read_text())
        said["images"][0] |= {"newName": name, "newTag": tag}
        (folder / "kustomization.yml").write_text(yaml.safe_dump(said))
        found = rendered(folder)
        images = {container["image"] for each in found for container in containers(each)}
        assert images == {f"{name}:{tag}"}
        (job,) = (each for each in found if each["kind"] == "Job")
        tags[tag] = job["metadata"]["name"]
    assert tags == {"0.1.0": "migrate-0.1.0", "0.2.0": "migrate-0.2.0"}


def test_the_jobs_name_follows_its_image() -> None:
    """kustomization.yml takes the name of the Job from the image that it runs."""
    (replacement,) = yaml.safe_load((FOLDER / "kustomization.yml").read_text())["replacements"]
    (target,) = replacement["targets"]
    assert replacement["source"]["kind"] == target["select"]["kind"] == "Job"
    assert replacement["source"]["fieldPath"] == "spec.template.spec.containers.0.image"
    assert target["fieldPaths"] == ["metadata.name"]
