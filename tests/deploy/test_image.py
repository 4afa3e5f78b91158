"""The image, and what runs beside it with compose."""

import json
import re

import pytest
import yaml

from deployed import DEPLOY, PROJECT, STACKS, compose, instructions, is_read, run, tool

each_stack = pytest.mark.parametrize("file", STACKS)


def test_the_dockerfile_has_no_findings():
    run(tool("hadolint"), str(DEPLOY / "Dockerfile"))


def copied():
    """What the instructions copy of the context."""
    lines = [line.split()[:-1] for line in instructions("COPY") if not line.startswith("--from")]
    return set(sum(lines, []))


def test_the_image_copies_what_its_context_has():
    ignored = (PROJECT / ".dockerignore").read_text().splitlines()
    let_in = [line[1:] for line in ignored if line.startswith("!")]
    assert sorted(copied()) == sorted(let_in)
    assert all((PROJECT / path).exists() for path in let_in)


def test_cargo_finds_in_the_context_what_it_asks_for(tmp_path):
    for path in copied():
        to = tmp_path / path
        to.parent.mkdir(parents=True, exist_ok=True)
        to.symlink_to(PROJECT / path)
    run("cargo", "metadata", "--no-deps", "--format-version=1", "--manifest-path", str(tmp_path / "Cargo.toml"))
    included = re.compile(r'include_(?:str|bytes)!\((?:concat!\()?"(\.\./[^"]*)')
    for file in (PROJECT / "src").rglob("*.rs"):
        for path in included.findall(file.read_text()):
            found = (file.parent / path).resolve().relative_to(PROJECT)
            assert (tmp_path / found).exists(), f"{file.name} includes {found}"


def test_the_image_is_built_with_the_compiler_that_the_crate_asks_for():
    version = re.search(r'^rust-version = "(.*)"', (PROJECT / "Cargo.toml").read_text(), re.MULTILINE)[1]
    assert instructions("FROM")[0].startswith(f"rust:{version}-")


def test_the_image_serves_a_pipeline_that_it_has():
    command, pipeline = json.loads(instructions("CMD")[-1])
    assert command == "serve"
    assert (PROJECT / pipeline).exists()
    assert f"{pipeline.split('/')[0]} /pipelines" in instructions("COPY")


def test_the_image_asks_the_port_that_it_listens_on():
    port = instructions("EXPOSE")[0]
    assert f"ROWGEN_LISTEN=0.0.0.0:{port}" in instructions("ENV")
    assert f"http://127.0.0.1:{port}/health" in instructions("HEALTHCHECK")[0]


@each_stack
def test_compose_keeps_to_its_schema(file):
    run(tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(DEPLOY / file))


@each_stack
def test_ports_are_open_to_this_machine_alone(file):
    ports = [port for service in compose(file)["services"].values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []
    assert len({port.rsplit(":", 1)[0] for port in ports}) == len(ports), "a port is taken twice"


@each_stack
def test_images_of_others_have_a_version(file):
    images = {name: service["image"] for name, service in compose(file)["services"].items() if "build" not in service}
    assert {name for name, image in images.items() if ":" not in image or image.endswith(":latest")} == set()


@each_stack
def test_a_service_that_is_waited_for_says_how_it_is(file):
    services = compose(file)["services"]
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            healthy = how["condition"] == "service_healthy"
            assert not healthy or "healthcheck" in services[other], f"{name} waits for {other}"


@each_stack
def test_what_compose_mounts_is_there(file):
    volumes = set(compose(file)["volumes"])
    mounted = [volume for service in compose(file)["services"].values() for volume in service.get("volumes", [])]
    for source in (volume.split(":")[0] for volume in mounted):
        assert (DEPLOY / source).exists() if source.startswith("./") else source in volumes, source
    assert volumes == {volume.split(":")[0] for volume in mounted if not volume.startswith("./")}


@each_stack
def test_what_compose_sets_is_read(file):
    variables = compose(file)["services"]["rowgen"]["environment"]
    assert [variable for variable in variables if not is_read(variable, STACKS[file])] == []


def test_the_topic_of_the_service_is_made():
    services = compose()["services"]
    topic = services["rowgen"]["environment"]["KAFKA_TOPIC"]
    assert f"--topic={topic}" in services["topic"]["command"]


def test_the_queues_of_the_service_are_made():
    definitions = json.loads((DEPLOY / "cdc/definitions.json").read_text())
    source = yaml.safe_load(STACKS["cdc.yaml"].read_text())["tables"]["changes"]["from"]["rabbitmq"]
    assert sorted(queue["name"] for queue in definitions["queues"]) == sorted(source["queues"])
    assert all(queue["durable"] for queue in definitions["queues"])
    for binding in definitions["bindings"]:
        assert binding["routing_key"] == "mysql." + binding["destination"].removesuffix(".queue")


def test_the_unit_of_systemd_has_no_findings(tmp_path):
    text = (DEPLOY / "systemd/rowgen.service").read_text()
    unit = tmp_path / "rowgen.service"
    # A program that every machine has.
    unit.write_text(text.replace("ExecStart=rowgen ", "ExecStart=true "))
    ended = run("systemd-analyze", "verify", "--man=no", str(unit))
    assert ended.stdout + ended.stderr == "" and unit.read_text() != text
