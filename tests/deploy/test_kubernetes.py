"""The manifests of Kubernetes."""

import os

import kubernetes_validate
import pytest
from deployed import DEPLOY, PROJECT, containers, instructions, is_read, manifests, pods, read, run

# The oldest one that has all that is used, and the newest one whose schemas are there.
VERSIONS = ["1.33", "1.37"]
KUSTOMIZATION = read("kubernetes/kustomization.yaml")
MADE = {generator["name"]: generator for generator in KUSTOMIZATION["configMapGenerator"]}
# Of the user.
SECRET = "rowgen"


@pytest.mark.parametrize("version", VERSIONS)
def test_manifests_keep_to_their_schemas(version):
    for file, manifest in manifests():
        used = kubernetes_validate.validate(manifest, version, strict=True)
        assert used == version, file


def test_every_manifest_is_applied_but_the_job_that_runs_at_once():
    files = {file for file, _ in manifests()}
    assert files - set(KUSTOMIZATION["resources"]) == {"slices.yaml"}
    assert set(KUSTOMIZATION["resources"]) < files


def test_what_config_maps_are_made_of_is_there():
    files = [file for generator in MADE.values() for file in generator.get("files", [])]
    assert [file for file in files if not (DEPLOY / "kubernetes" / file).exists()] == []


def test_every_container_runs_the_image():
    images = {image["name"] for image in KUSTOMIZATION["images"]}
    assert {container["image"] for _, container in containers()} == images


@pytest.mark.parametrize("file, pod", list(pods()))
def test_pods_may_do_nothing_that_they_need_not(file, pod):
    identity = pod["securityContext"]
    user = f"{identity['runAsUser']}:{identity['runAsGroup']}"
    assert identity["runAsNonRoot"] and user == instructions("USER")[0]
    assert not pod["automountServiceAccountToken"] and not pod["enableServiceLinks"]
    for container in pod["containers"]:
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"]
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert set(container["resources"]["limits"]) == {"cpu", "memory"}


@pytest.mark.parametrize("file, pod", list(pods()))
def test_volumes_are_there_and_are_mounted(file, pod):
    claims = {manifest["metadata"].get("name") for _, manifest in manifests() if manifest["kind"] == "PersistentVolumeClaim"}
    mounted = {mount["name"] for container in pod["containers"] for mount in container["volumeMounts"]}
    assert {volume["name"] for volume in pod["volumes"]} == mounted
    for volume in pod["volumes"]:
        assert "configMap" not in volume or volume["configMap"]["name"] in MADE
        assert "persistentVolumeClaim" not in volume or volume["persistentVolumeClaim"]["claimName"] in claims


def test_what_the_pods_are_told_is_read():
    for file, container in containers():
        for source in container.get("envFrom", []):
            literals = MADE[source["configMapRef"]["name"]]["literals"]
            assert [literal for literal in literals if not is_read(literal.split("=")[0])] == [], file
        for variable in container.get("env", []):
            secret = variable["valueFrom"]["secretKeyRef"]
            assert secret == {"name": SECRET, "key": variable["name"]} and is_read(variable["name"]), file


def test_pods_run_pipelines_that_are_there():
    mapped = [f"/config/{os.path.basename(file)}" for file in MADE["rowgen-pipelines"]["files"]]
    for file, container in containers():
        words = " ".join(container["args"]).split()
        pipelines = [word for word in words if word.endswith(".yaml")]
        assert len(pipelines) == 1, file
        assert pipelines[0] in mapped or (PROJECT / pipelines[0]).exists(), file


def jobs():
    for file, manifest in manifests():
        if manifest["kind"] in ("Job", "CronJob"):
            yield file, manifest["spec"].get("jobTemplate", manifest)["spec"]


def action(rules, code):
    """What Kubernetes does after a pod ends with a code: the first rule that matches, or it is tried again."""
    for rule in rules:
        codes = rule.get("onExitCodes")
        if codes:
            assert codes["containerName"] == "rowgen" and codes["operator"] == "In" and 0 not in codes["values"]
            if code in codes["values"]:
                return rule["action"]
    return "Count"


@pytest.mark.parametrize("file, job", list(jobs()))
def test_jobs_try_again_what_may_go_better(file, job):
    """1 is a mistake, 2 a failure; killed pods (137) and ended ones (143) are begun again."""
    rules = job["podFailurePolicy"]["rules"]
    assert action(rules, 1) == "FailJob"
    assert action(rules, 3) == ("FailIndex" if "completionMode" in job else "FailJob")
    assert {action(rules, code) for code in (2, 129, 130, 137, 143)} == {"Count"}
    assert [rule["action"] for rule in rules if "onPodConditions" in rule] == ["Ignore"]
    assert job.get("backoffLimitPerIndex", job.get("backoffLimit")) > 0


def job():
    return read("kubernetes/slices.yaml")["spec"]


@pytest.mark.parametrize("index", [0, job()["completions"] - 1])
def test_the_pods_of_the_job_make_all_slices(index, tmp_path):
    """A real shell reads the command; what stands for rowgen shows what it is given."""
    shown = tmp_path / "rowgen"
    shown.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    shown.chmod(0o755)
    [container] = job()["template"]["spec"]["containers"]
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "JOB_COMPLETION_INDEX": str(index)}
    words = run(*container["command"], *container["args"], env=environment).stdout.splitlines()
    assert words[words.index("--slice") + 1] == f"{index + 1}/{job()['completions']}"
