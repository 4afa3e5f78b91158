"""What is in deploy/, read, and the tools that check it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[2]
DEPLOY = PROJECT / "deploy"
PIPELINE = PROJECT / "pipelines/seed_status.yaml"
# What runs beside rowgen with compose, and the pipeline that rowgen serves there.
STACKS = {"compose.yaml": PIPELINE, "cdc.yaml": PROJECT / "pipelines/cdc_store.yaml"}


def read(path):
    return yaml.safe_load((DEPLOY / path).read_text())


def compose(file="compose.yaml"):
    return read(file)


def dashboard():
    return json.loads((DEPLOY / "grafana/rowgen.json").read_text())


def instructions(name):
    """What an instruction of the Dockerfile says, each time that it stands there."""
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    return re.findall(rf"^\s*{name}\s+(.*)$", text, re.MULTILINE)


def manifests():
    """Every manifest of Kubernetes with its file; kustomization.yaml is none."""
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        if path.name != "kustomization.yaml":
            for manifest in yaml.safe_load_all(path.read_text()):
                yield path.name, manifest


def pods():
    """The specification of every pod, with the name of its file."""
    for file, manifest in manifests():
        specification = manifest["spec"].get("jobTemplate", manifest)["spec"]
        if "template" in specification:
            yield file, specification["template"]["spec"]


def containers():
    for file, pod in pods():
        for container in pod["containers"]:
            yield file, container


def is_read(variable, pipeline=PIPELINE):
    """Whether rowgen reads a variable of the environment: an option's, or one of the service's pipeline."""
    return variable.startswith("ROWGEN_") or f"${{env:{variable}" in pipeline.read_text()


def tool(name):
    """The path of a program that a package of the environment has."""
    return str(Path(sys.prefix) / "bin" / name)


def run(*command, **options):
    """Runs a checker, which must have nothing to say against what it is given."""
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, **options)
    assert ended.returncode == 0, f"{' '.join(command)}\n{ended.stdout}{ended.stderr}"
    return ended
