"""The house is in order: every module has its layer, every setting its name, every dependency its lock."""

import ast
import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from stamgast.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("stamgast", "streams", "rules", "channels")
TESTS = ROOT / "tests"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_every_module_stands_in_a_layer():
    layers = (ROOT / ".importlinter").read_text()

    modules = {
        path.stem for path in (ROOT / "stamgast").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    missing = [name for name in modules - {"__init__"} if not re.search(rf"\bstamgast\.{name}\b", layers)]

    assert missing == []


def test_nothing_else_in_this_environment_brings_packages_of_our_names():
    """`channels` is Django's too; installed side by side, one would overwrite the other silently."""
    owners = importlib.metadata.packages_distributions()

    for package in PACKAGES:
        assert set(owners.get(package, ["stamgast"])) == {"stamgast"}
    assert "Private :: Do Not Upload" in PROJECT["classifiers"]


def test_no_file_is_longer_than_four_hundred_lines():
    files = [file for folder in (*PACKAGES, "tests") for file in (ROOT / folder).rglob("*.py")]

    assert [str(file) for file in files if len(file.read_text().splitlines()) > 400] == []


def test_no_test_sleeps():
    """What a test waits for it asks for with `eventually`; `pacing` is where a load keeps its own time."""
    allowed = {"conftest.py", "integration/pacing.py"}
    files = [file for file in (ROOT / "tests").rglob("*.py") if str(file.relative_to(ROOT / "tests")) not in allowed]

    assert [str(file) for file in files if re.search(r"\bsleep\((?!0\))", file.read_text())] == []


def test_unit_tests_stand_where_what_they_test_does():
    """As in the packages; what belongs to `stamgast` stands without that name in front."""
    unit = TESTS / "unit"
    folders = [folder.relative_to(unit) for folder in unit.rglob("*") if folder.is_dir() and folder.name[0] not in "._"]
    homes = {folder: (ROOT, ROOT / "stamgast")[folder.parts[0] not in PACKAGES] for folder in folders}

    assert [str(folder) for folder, home in homes.items() if not (home / folder / "__init__.py").exists()] == []


def test_no_test_imports_another():
    """What two of them need is a module that is no test, a fake or a fixture."""
    found = {str(file.relative_to(ROOT)): imported_by(file) for file in TESTS.rglob("*.py")}
    tests = {name for names in found.values() for name in names if re.search(r"^tests\b.*\.test_\w+", name)}

    assert {file: names & tests for file, names in found.items() if names & tests} == {}


def imported_by(file: Path) -> set[str]:
    """What a file imports, by every name that it could be a module under."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    whole = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    found = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    return whole | {f"{node.module or 'tests'}.{alias.name}" for node in found for alias in node.names}


@pytest.mark.parametrize(
    ("lock", "extras"),
    [("runtime", ()), ("trial", ("trial",)), ("dev", ("trial", "plots", "wallet", "dev"))],
)
def test_every_dependency_is_locked_with_hashes(lock: str, extras: tuple[str, ...]):
    of_extras = (name for extra in extras for name in PROJECT["optional-dependencies"][extra])
    check_lock(lock, [*PROJECT["dependencies"], *of_extras])


def test_the_benchmarks_peers_are_locked_with_hashes():
    lines = (ROOT / "benchmarks" / "peers.in").read_text().splitlines()
    check_lock("peers", [line for line in lines if line and not line.startswith("#")])


def check_lock(lock: str, wanted: list[str]) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    locked = set(re.findall(r"^([a-z0-9.-]+)==", text, flags=re.MULTILINE))
    names = {re.split(r"[\[<>=; ]", name)[0].lower() for name in wanted}
    assert names - locked == set()
    assert text.count("==") <= text.count("--hash=sha256:")
    assert "://" not in text


def test_the_examples_name_settings_that_exist():
    known = {f"STAMGAST_{name.upper()}" for name in Settings.model_fields}
    compose = (ROOT / "docker-compose.yml").read_text()
    named = set(re.findall(r"\bSTAMGAST_[A-Z_]+", compose + (ROOT / ".env.example").read_text()))

    assert named - known == set()


def test_compose_publishes_nothing_beyond_this_machine_and_runs_several_workers():
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert services["worker"]["deploy"]["replicas"] > 1
    assert services["topics"]["command"] == ["topics", "create"]


def test_containers_do_not_run_as_root():
    assert re.search(r"^USER stamgast$", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)


def test_every_python_that_is_named_is_tested_and_the_image_has_one_of_them():
    named = [each.rpartition(" ")[2] for each in PROJECT["classifiers"] if ":: Python ::" in each]
    tried = re.search(r"for minor in ([\d ]+); do", (ROOT / ".ci" / "run").read_text())
    images = re.findall(r"^FROM python:(\d\.\d+)", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)

    assert tried is not None
    assert [f"3.{minor}" for minor in tried[1].split()] == named
    assert f"{named[0]} to {named[-1]}" in (ROOT / "README.md").read_text()
    assert images
    assert set(images) <= set(named)
