"""What releases are made of: the crate, the Debian package, the formula, the workflow, and that they agree."""

import re
import tomllib

import yaml
from deployed import DEPLOY, PROJECT, read, run, tool

CARGO = tomllib.loads((PROJECT / "Cargo.toml").read_text())["package"]
VERSION, REPOSITORY = CARGO["version"], CARGO["repository"]
DEB = CARGO["metadata"]["deb"]
FORMULA = (DEPLOY / "homebrew/rowgen.rb").read_text()
WORKFLOW = PROJECT / ".github/workflows/release.yml"
# Made while packages are: the program, its manual, its completions.
BUILT = "target/release/"


def steps():
    for name, job in yaml.safe_load(WORKFLOW.read_text())["jobs"].items():
        for step in job["steps"]:
            yield name, step


def archive():
    """Where `cargo binstall` looks for the archive of the version on x86-64."""
    names = {"repo": REPOSITORY, "version": VERSION, "name": "rowgen", "target": "x86_64-unknown-linux-gnu"}
    return re.sub(r"\{ (\w+) \}", lambda found: names[found[1]], CARGO["metadata"]["binstall"]["pkg-url"])


def test_every_package_has_the_same_version():
    python = tomllib.loads((PROJECT / "python/Cargo.toml").read_text())["package"]["version"]
    debian = re.match(r"rowgen \((.*)-\d+\) ", (DEPLOY / "debian/changelog").read_text())[1]
    formula = re.search(r"/download/v([^/]*)/", FORMULA)[1]
    assert {python, debian, formula} == {VERSION}


def test_every_package_comes_from_the_same_place():
    assert re.search(r'homepage "(.*)"', FORMULA)[1] == REPOSITORY
    python = tomllib.loads((PROJECT / "python/pyproject.toml").read_text())["project"]
    assert python["urls"]["Source"] == REPOSITORY
    assert re.search(r"^Source: (.*)$", (DEPLOY / "debian/copyright").read_text(), re.MULTILINE)[1] == REPOSITORY
    assert read("schemastore.json")["url"] == f"{REPOSITORY}/releases/latest/download/rowgen.schema.json"
    assert re.search(r'^  url "(.*)"', FORMULA, re.MULTILINE)[1] == archive()


def test_the_archive_is_packed_as_those_who_take_it_expect():
    script = (PROJECT / "scripts/package").read_text()
    assert "name=rowgen-$version-$target\n" in script and '"$out/$name.tar.gz"' in script
    assert archive().endswith(f"/rowgen-{VERSION}-x86_64-unknown-linux-gnu.tar.gz")
    assert CARGO["metadata"]["binstall"]["bin-dir"] == "{ name }-{ version }-{ target }/{ bin }{ binary-ext }"
    packed = re.search(r"cp -r (.*) \"\$folder\"", script)[1].split()[2:]
    assert all((PROJECT / path).exists() for path in packed)
    lines = re.findall(r"\.install (.*)", FORMULA)
    installed = {name.split("/")[0] for line in lines for name in re.findall(r'"([^"]*)"', line)}
    assert installed <= {"rowgen", "man", "completions"} | set(packed)


def test_the_debian_package_is_made_of_files_that_are_there():
    for source, place, mode in DEB["assets"]:
        assert source.startswith(BUILT) or list(PROJECT.glob(source)), source
        assert place.endswith("/") and re.fullmatch("[67][0-5][0-5]", mode), place
    assert (PROJECT / DEB["license-file"][0]).exists() and (PROJECT / DEB["changelog"]).exists()
    unit = PROJECT / DEB["systemd-units"]["unit-scripts"] / "rowgen.service"
    assert unit.exists()


def test_the_service_of_the_debian_package_finds_its_files():
    """What its unit names, and what these files name in their turn."""
    put = {f"/{place}{name.name}" for source, place, _ in DEB["assets"] for name in PROJECT.glob(source)}
    unit = (DEPLOY / "systemd/rowgen.service").read_text()
    pipeline = re.search(r"^ExecStart=rowgen serve (\S+)$", unit, re.MULTILINE)[1]
    assert pipeline in put and re.search(r"^EnvironmentFile=-(\S+)$", unit, re.MULTILINE)[1] in put
    for path in [path for path in put if path.startswith("/etc/rowgen/pipelines/")]:
        text = (PROJECT / path.removeprefix("/etc/rowgen/")).read_text()
        for named in re.findall(r"\.\./(data/[\w.]+)", text):
            assert f"/etc/rowgen/{named}" in put, path
        for named in re.findall(r"pipeline: ([\w.]+)", text):
            assert f"/etc/rowgen/pipelines/{named}" in put, path


def test_the_crate_holds_what_it_is_compiled_of_and_no_more():
    listed = run("cargo", "package", "--list", "--allow-dirty", "--package", "rowgen", cwd=PROJECT).stdout.splitlines()
    included = re.compile(r'include_(?:str|bytes)!\((?:concat!\()?"([^"]*)')
    for file in (PROJECT / "src").rglob("*.rs"):
        for path in included.findall(file.read_text()):
            found = (file.parent / path).resolve().relative_to(PROJECT.resolve())
            assert any(name.startswith(str(found)) for name in listed), f"{file.name} includes {found}"
    assert {"Cargo.lock", "LICENSE", "README.md", "src/main.rs", "data/currencies.json"} <= set(listed)
    assert not [name for name in listed if name.startswith(("tests/", "benches/", "python/", "docs/src/", "deploy/"))]
    assert sum((PROJECT / name).stat().st_size for name in listed if (PROJECT / name).exists()) < 12 << 20


def test_the_workflow_keeps_to_the_schema_of_github():
    run(tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", str(WORKFLOW))


def test_the_workflow_runs_what_is_there():
    commands = "\n".join(step["run"] for _, step in steps() if "run" in step)
    named = set(re.findall(r"(?:scripts|tests)/[\w/.]+", commands))
    assert {"scripts/wheel", "scripts/package"} <= named
    assert [path for path in named if not (PROJECT / path).exists()] == []
    [image] = [step["with"]["file"] for _, step in steps() if "build-push" in step.get("uses", "")]
    assert (PROJECT / image).exists()
    containers = [job.get("container", "") for job in yaml.safe_load(WORKFLOW.read_text())["jobs"].values()]
    assert f"rust:{CARGO['rust-version']}-bookworm" in containers


def test_the_workflow_checks_tag_and_address_as_they_stand_in_cargo_toml():
    lines = (PROJECT / "Cargo.toml").read_text().splitlines()
    assert f'version = "{VERSION}"' in lines and f'repository = "{REPOSITORY}"' in lines


def test_editors_know_pipelines_by_their_name():
    entry = read("schemastore.json")
    assert set(entry) == {"name", "description", "fileMatch", "url"}
    assert entry["fileMatch"] == ["*.rowgen.yaml", "*.rowgen.yml"]
