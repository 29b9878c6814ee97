"""Compose files and the Kubernetes manifest, checked by their published schemas and against what they start."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft7Validator, Draft201909Validator
from packaging.requirements import Requirement

from pages.server.security.access import health_path
from tests.project.test_dockerfile import of

ROOT = Path(__file__).resolve().parents[2]
DEPLOY, SCHEMAS = ROOT / "deploy", Path(__file__).parent / "schemas"
COMPOSE = sorted(DEPLOY.glob("compose*.yaml"))


def compose(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def documents() -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text("utf-8")) if one]


def problems_of_compose(data: dict[str, Any]) -> list[str]:
    schema = json.loads((SCHEMAS / "compose-spec.json").read_text("utf-8"))
    schema["properties"]["name"] = {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"}  # the project's: came later
    return [f"{list(error.path)}: {error.message}" for error in Draft201909Validator(schema).iter_errors(data)]


def problems_of_manifest(document: dict[str, Any]) -> list[str]:
    """By Kubernetes' own definition of its kind, in which no other fields are allowed; a cluster's pods as pods."""
    if document.get("kind") != "RayCluster":
        return problems_of_kind(document)
    schema = json.loads((SCHEMAS / "raycluster.json").read_text("utf-8"))
    if found := [f"{list(error.path)}: {error.message}" for error in Draft7Validator(schema).iter_errors(document)]:
        return found
    groups = [document["spec"]["headGroupSpec"], *document["spec"]["workerGroupSpecs"]]
    pods = ({"apiVersion": "v1", "kind": "Pod", "metadata": {}, **group["template"]} for group in groups)
    return [problem for pod in pods for problem in problems_of_kind(pod)]


def problems_of_kind(document: dict[str, Any]) -> list[str]:
    try:
        kubernetes_validate.validate(document, "1.30", strict=True)
    except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as problem:
        return [str(problem)]
    return []


def named(kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in documents() if one["kind"] == kind}


def pods() -> list[dict[str, Any]]:
    """The specifications of all pods: the app's, the head's, the workers'."""
    (app,), (cluster,) = named("Deployment").values(), named("RayCluster").values()
    groups = [cluster["spec"]["headGroupSpec"], *cluster["spec"]["workerGroupSpecs"]]
    return [app["spec"]["template"]["spec"], *(group["template"]["spec"] for group in groups)]


def variables(service: dict[str, Any]) -> set[str]:
    return set(service.get("environment", {}))


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: str(path.name))
def test_a_compose_file_keeps_to_the_specification_and_starts_what_there_is(path: Path) -> None:
    data = compose(path)
    assert problems_of_compose(data) == []
    arguments = {rest.partition("=")[0] for rest in of("ARG")}
    (volume,) = of("VOLUME")
    for name, service in data["services"].items():
        build = service["build"]
        assert (DEPLOY / build["context"]).resolve() == ROOT
        assert set(build["args"]) <= arguments
        extra = build["args"].get("EXTRA", "")
        assert not extra or (ROOT / extra).is_file()
        assert service["volumes"] == [f"data:{volume}"], name
        known = {variable for variable in variables(service) if variable.startswith("GANSCOPE_")}
        assert known <= named_in_the_program()
    assert data["services"]["app"]["ports"] == [f"{port}:{port}" for port in of("EXPOSE")]
    assert "?" in data["services"]["app"]["environment"]["GANSCOPE_TOKEN"], "it must not start without one"
    assert set(data["volumes"]) == {"data"}


def named_in_the_program() -> set[str]:
    files = [path for room in ("gan_core", "pages") for path in (ROOT / room).rglob("*.py")]
    return set(re.findall(r"GANSCOPE_[A-Z_]+", "\n".join(path.read_text("utf-8") for path in files)))


def test_one_machine_has_its_gpu_and_the_cluster_a_head_and_workers() -> None:
    (app,) = compose(DEPLOY / "compose.yaml")["services"].values()
    (gpu,) = app["deploy"]["resources"]["reservations"]["devices"]
    assert (gpu["driver"], gpu["count"], gpu["capabilities"]) == ("nvidia", "all", ["gpu"])
    assert app["build"]["args"]["DEVICE"] == "${DEVICE:-cuda}"
    cluster = compose(DEPLOY / "compose.ray.yaml")["services"]
    assert set(cluster) == {"app", "head", "worker"}
    assert cluster["head"]["command"][:3] == ["ray", "start", "--head"]
    assert cluster["worker"]["command"][2] == "--address=${RAY_HEAD:-head:6379}"
    assert cluster["app"]["environment"]["RAY_ADDRESS"] == "ray://head:10001"


def test_the_manifest_keeps_to_the_definitions() -> None:
    kinds = [one["kind"] for one in documents()]
    assert sorted(kinds) == ["ConfigMap", "Deployment", "PersistentVolumeClaim", "RayCluster", "Service"]
    assert [problem for one in documents() for problem in problems_of_manifest(one)] == []


def test_what_a_manifest_names_is_there() -> None:
    (volume,), (port,) = of("VOLUME"), of("EXPOSE")
    (app,), (service,), (cluster,) = (
        named(kind).values() for kind in ("Deployment", "Service", "RayCluster")
    )  # fmt: skip
    labels = app["spec"]["template"]["metadata"]["labels"]
    assert labels == service["spec"]["selector"] == app["spec"]["selector"]["matchLabels"]
    for pod in pods():
        (container,) = pod["containers"]
        assert {"name": "data", "mountPath": volume} in container["volumeMounts"]
        claims = {one["persistentVolumeClaim"]["claimName"] for one in pod["volumes"] if one["name"] == "data"}
        assert claims <= set(named("PersistentVolumeClaim"))
        assert {mount["name"] for mount in container["volumeMounts"]} == {one["name"] for one in pod["volumes"]}
        assert {one["configMapRef"]["name"] for one in container["envFrom"]} <= set(named("ConfigMap"))
        assert {"readinessProbe", "livenessProbe"} <= set(container)
        user = re.search(r"--uid (\d+)", " ".join(of("RUN")))
        assert user is not None
        assert pod["securityContext"] == {"runAsNonRoot": True, "runAsUser": int(user[1]), "fsGroup": int(user[1])}
    (server,) = app["spec"]["template"]["spec"]["containers"]
    assert server["ports"] == [{"name": "http", "containerPort": int(port)}]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert server[probe]["httpGet"] == {"path": health_path(), "port": "http"}
    (settings,) = named("ConfigMap").values()
    assert settings["data"]["RAY_ADDRESS"] == f"ray://{cluster['metadata']['name']}-head-svc:10001"
    assert {name for name in settings["data"] if name.startswith("GANSCOPE_")} <= named_in_the_program()


def test_a_slip_is_found() -> None:
    """A schema by which everything is right would be none."""
    data = compose(DEPLOY / "compose.yaml")
    for path, value in ((("services", "app", "portz"), []), (("services", "app", "ports"), 8501)):
        wrong = copy.deepcopy(data)
        set_at(wrong, path, value)
        assert problems_of_compose(wrong), path
    by_kind = {one["kind"]: one for one in documents()}
    worker = ("spec", "workerGroupSpecs", 0)
    for kind, where, slip in (
        ("Deployment", ("spec", "template", "spec", "containers", 0, "livenessProb"), {}),
        ("Deployment", ("spec", "replicas"), "one"),
        ("Service", ("spec", "ports", 0, "port"), "http"),
        ("PersistentVolumeClaim", ("spec", "accessMode"), ["ReadWriteMany"]),
        ("RayCluster", (*worker, "maxReplica"), 8),
        ("RayCluster", (*worker, "template", "spec", "containers", 0, "image"), 3),
        ("RayCluster", ("spec", "headGroupSpec", "rayStartParams"), {"num-cpus": 0}),
    ):
        wrong = copy.deepcopy(by_kind[kind])
        set_at(wrong, where, slip)
        assert problems_of_manifest(wrong), (kind, where)
    assert problems_of_manifest({"apiVersion": "v1", "kind": "Deployment"})


def set_at(data: Any, path: tuple[Any, ...], value: Any) -> None:
    *way, last = path
    for step in way:
        data = data[step]
    data[last] = value


def test_the_cluster_s_requirements_name_ray_alone() -> None:
    lines = (ROOT / "requirements-ray.txt").read_text("utf-8").splitlines()
    asked = [Requirement(line.partition("#")[0]) for line in lines if line.partition("#")[0].strip()]
    assert [one.name for one in asked] == ["ray"]
